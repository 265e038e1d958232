#include "cli/verbs.h"
#include "driver/compile.h"
#include "driver/input_shapes.h"
#include "support/errors.h"

namespace broach {

ImportArguments::ImportArguments(CLI::App& verb) {
  verb.add_option("--model-format", format_, "Format of the model, where its suffix does not say: onnx or graph")->option_text("FORMAT");
  verb.add_option("--input-shapes", shapes_, "Shapes of inputs that the model leaves open: 'NAME:[D,D] NAME:[D]'")->option_text("SHAPES");
}

ModelOptions ImportArguments::read() const {
  try {
    return {format_, parse_input_shapes(shapes_)};
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

bool is_given(const CLI::App& verb, const std::string& option) { return verb.get_option(option)->count() > 0; }

void refuse_if_given(const CLI::App& verb, const std::string& option, const std::string& reason) {
  if (is_given(verb, option)) throw_error("{} is refused: {}", option, reason);
}

}  // namespace broach
