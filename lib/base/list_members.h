// Membership in short lists.
#pragma once

#include <algorithm>
#include <vector>

namespace matinee {

/// Whether the list has the value. Linear.
template <class List, class Value>
bool holds(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Appends the value unless the list has it.
template <class T>
void add_once(std::vector<T>& list, const T& value) {
  if (!holds(list, value)) list.push_back(value);
}

}  // namespace matinee
