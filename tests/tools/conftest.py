import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
for folder in ("tools", "tools/models", "bench"):
    sys.path.insert(0, str(ROOT / folder))
