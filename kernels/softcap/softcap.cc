#include "kernels/softcap/softcap.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void softcap(Context& context, const SoftcapArgs& args) {
  require(args.n >= 0, "softcap", "the size is not negative");
  require(args.cap > 0, "softcap", "the cap is positive");
  if (args.n == 0) return;
  require(args.x != nullptr, "softcap", "x is given");
  context.ops().softcap(context, args);
}

}  // namespace matinee
