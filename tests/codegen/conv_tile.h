#pragma once
// A convolution kernel as the schedules make it: a tile of `vectors` x `pixels` accumulators in registers over all taps and channels.
#include "loop/stmt.h"

namespace broach::test {

struct ConvTile {
  int lanes = 16;         // elements of a vector, and channels in a block
  int vectors = 2;        // of output channels
  int pixels = 14;        // of one row
  int taps = 3;           // per axis
  int blocks = 2;         // of input channels
  int rows = 2;           // output rows, each of two tiles
  bool pixels_outer = false;  // the order of the unrolled tile
};

// params: in, weights, out (ReLU of the sums)
PrimFunc conv_tile(const ConvTile& c);

}  // namespace broach::test
