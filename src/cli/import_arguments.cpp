#include "cli/input_shapes.h"
#include "cli/verbs.h"
#include "driver/compile.h"
#include "support/errors.h"

namespace broach {

ImportArguments::ImportArguments(CLI::App& verb) {
  verb.add_option("--model-format", format_, "Format of the model, where its suffix does not say: onnx or graph")
      ->option_text("FORMAT")
      ->check(CLI::IsMember({"onnx", "graph"}).description(""));
  verb.add_option("--input-shapes", shapes_, "Shapes of inputs that the model leaves open: 'NAME:[D,D] NAME:[D]'")->option_text("SHAPES");
}

ModelOptions ImportArguments::read() const { return {format_, parse_input_shapes(shapes_)}; }

bool is_given(const CLI::App& verb, const std::string& option) { return verb.get_option(option)->count() > 0; }

void refuse_if_given(const CLI::App& verb, const std::string& option, const std::string& reason) {
  if (is_given(verb, option)) throw_error("{} is refused: {}", option, reason);
}

}  // namespace broach
