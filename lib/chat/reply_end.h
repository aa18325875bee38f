#pragma once

#include <cstdint>

namespace matinee {

/// How a text of the system ended.
enum class ReplyEnd : std::uint8_t {
  kFinished,    ///< complete
  kStopped,     ///< its receiver returned false or is gone; nothing follows
  kUnfinished,  ///< the model found no end
};

}  // namespace matinee
