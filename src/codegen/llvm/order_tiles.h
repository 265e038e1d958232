#pragma once
// The order of a register tile's multiply-adds.
//
// A tile adds a[i] * b[j] to acc[i][j] for all i and j. Whatever order that is written in, only one is cheap in registers: keep the
// smaller of a and b, and take the values of the larger one at a time. LLVM's scheduler follows the order it is given, so a tile that
// walks the wrong way would load everything first and spill.
//
// A depthwise window adds x[i + t] * w[t] to acc[i] for all pixels i and taps t: an input serves several pixels. Taken input by input, it and
// the weights of a row of taps are all that is needed beside the sums; taken tap by tap, every input of the row is.
#include <llvm/IR/Function.h>

namespace broach {

// Reorders the instructions of blocks that are tiles or windows. Call it last before code generation. Returns whether there are windows,
// whose order LLVM's scheduler would undo: an input's last use waits for nothing, so it delays it.
bool order_tiles(llvm::Function& f);

}  // namespace broach
