#pragma once
// Attributes of a node: a typed struct per operator (in the operator's file), never a map of strings.
#include <memory>

#include "graph/constant.h"
#include "support/fields.h"

namespace broach {

// Called once per field; the overloads are all the types that a field may have.
class AttributeVisitor {
 public:
  virtual ~AttributeVisitor() = default;
  virtual void visit(const char* name, int64_t& value) = 0;
  virtual void visit(const char* name, double& value) = 0;
  virtual void visit(const char* name, bool& value) = 0;
  virtual void visit(const char* name, std::string& value) = 0;
  virtual void visit(const char* name, DType& value) = 0;
  virtual void visit(const char* name, Layout& value) = 0;
  virtual void visit(const char* name, std::vector<int64_t>& value) = 0;
  virtual void visit(const char* name, std::vector<double>& value) = 0;
};

class Attributes {
 public:
  virtual ~Attributes() = default;
  virtual std::unique_ptr<Attributes> clone() const = 0;
  virtual bool equals(const Attributes& other) const = 0;
  virtual void accept(AttributeVisitor& visitor) = 0;  // to print, give it a clone
};

// struct ConvAttributes : AttributesOf<ConvAttributes> { ...; static constexpr auto fields = std::tuple{...}; };
template <class T>
class AttributesOf : public Attributes {
 public:
  std::unique_ptr<Attributes> clone() const override { return std::make_unique<T>(static_cast<const T&>(*this)); }
  bool equals(const Attributes& other) const override {
    auto* o = dynamic_cast<const T*>(&other);
    return o && equal_fields(static_cast<const T&>(*this), *o);
  }
  void accept(AttributeVisitor& visitor) override {
    for_each_field(static_cast<T&>(*this), [&](const char* name, auto& value) { visitor.visit(name, value); });
  }
};

// For operators without attributes.
struct NoAttributes : AttributesOf<NoAttributes> {
  static constexpr auto fields = std::tuple{};
};

}  // namespace broach
