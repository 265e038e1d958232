#pragma once
// Structs that list their fields once. A struct T with
//   static constexpr auto fields = std::tuple{field("name", &T::name), ...};
// gets equality, text and parsing from that list.
#include <string>
#include <tuple>
#include <type_traits>

namespace broach {

template <class T, class M>
struct Field {
  const char* name;
  M T::* member;
};
template <class T, class M>
constexpr Field<T, M> field(const char* name, M T::* member) {
  return {name, member};
}

template <class T>
concept Reflected = requires { T::fields; };

// Calls f(name, member) for every field of `object`, in order.
template <class T, class F>
void for_each_field(T& object, F&& f) {
  std::apply([&](const auto&... field) { (f(field.name, object.*(field.member)), ...); }, std::remove_const_t<T>::fields);
}

template <Reflected T>
bool equal_fields(const T& a, const T& b) {
  return std::apply([&](const auto&... field) { return ((a.*(field.member) == b.*(field.member)) && ...); }, T::fields);
}

}  // namespace broach
