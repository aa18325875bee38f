# The CUDA versions of all operations and whole trainings with them, on the emulated device; `make test-emulated` runs them
# in three orders of threads.
set -eu
BUILD=${BUILD:-build}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for order in ${ORDERS:-falling}; do
  for run in "kernels_test Conformance.*:CosineTopk.*:AdamW8.*:Emulation.*:Device.*:DeviceSums.*" "train_test *OnCuda*"; do
    set -f
    # shellcheck disable=SC2086  # a program and its filter
    set -- $run
    MATINEE_EMULATION_ORDER=$order MATINEE_TEST_DEVICE=cuda "$BUILD/emulated/tests/$1" --gtest_brief=1 --gtest_filter="$2" >"$log" 2>&1 ||
      { cat "$log"; echo "$1 fails with threads in $order order"; exit 1; }
    tail -n 1 "$log"
    ! grep -q SKIPPED "$log" || { cat "$log"; echo "$1 has not seen the emulated device"; exit 1; }
  done
done
