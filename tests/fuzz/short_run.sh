# Runs each fuzz target briefly on its seeds and on the same mutations of them every time; `make fuzz` runs libFuzzer.
set -eu
BUILD=${BUILD:-build}
found=0
for source in tests/fuzz/*_fuzz.cc; do
  name=$(basename "$source" _fuzz.cc)
  "$BUILD/tests/fuzz/${name}_fuzz" "${FUZZ_ITERATIONS:-20000}" tests/fuzz/seeds/"$name"/*
  found=$((found + 1))
done
[ "$found" -ge 3 ] || { echo "only $found fuzz targets in tests/fuzz"; exit 1; }
