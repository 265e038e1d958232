#pragma once
// What a classifier's output means: names of classes, probabilities, the best few.
#include <span>
#include <string>
#include <vector>

namespace broach {

// One name a line. Throws ImageError where the file is missing, empty or no text.
std::vector<std::string> read_labels(const std::string& path);
std::vector<std::string> parse_labels(const std::string& text, const std::string& name);

// True for numbers from 0 to 1 that sum to 1: the network ends in a softmax already.
bool are_probabilities(std::span<const float> scores);

struct Class {
  size_t id = 0;
  double probability = 0;
};

// The `count` best classes (fewer where there are fewer), best first, the lower id first among equals. Scores that are no
// probabilities go through a softmax.
std::vector<Class> best_classes(std::span<const float> scores, size_t count);

// "  1) id=282  p=0.908828  tiger cat"; no name where labels is empty.
std::string class_line(size_t rank, const Class& found, std::span<const std::string> labels);

}  // namespace broach
