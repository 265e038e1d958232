#pragma once

namespace broach {

// From here on, an interrupt (SIGINT, SIGTERM, SIGHUP) removes temporary files and then ends the process as it would have without; a
// file that grows past its limit is an error to report and no signal. To be called before any thread is started.
void clean_up_when_interrupted();

}  // namespace broach
