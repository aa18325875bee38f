# Tests of the CUDA operations, and of whole trainings with them, on the emulated device; `make test-emulated` runs them
# in three orders of threads. The shared memory is that of compute capability 9.0. Kernels that are chosen by its size
# are tested again with that of 8.6 and 8.9.
set -eu
BUILD=${BUILD:-build}
export MATINEE_TEST_DEVICE=cuda
log=$(mktemp)
trap 'rm -f "$log"' EXIT
operations="Conformance.*:CosineTopk.*:AdamW8.*:Emulation.*:Device.*:AllReduces.*"
for order in ${ORDERS:-falling}; do
  for run in "227 kernels_test $operations" "99 kernels_test *opk*" "227 model_test *OnCuda*" "227 train_test *OnCuda*"; do
    set -f
    # shellcheck disable=SC2086  # kilobytes of shared memory, a program and its filter
    set -- $run
    MATINEE_EMULATION_ORDER=$order MATINEE_EMULATION_SHARED_KB=$1 \
      "$BUILD/emulated/tests/$2" --gtest_brief=1 --gtest_filter="$3" >"$log" 2>&1 ||
      { cat "$log"; echo "$2 fails with threads in $order order and $1 KB of shared memory"; exit 1; }
    tail -n 1 "$log"
    ! grep -q SKIPPED "$log" || { cat "$log"; echo "$2 did not use the emulated device"; exit 1; }
  done
done
