#!/usr/bin/env bash
# The committed sample catalog equals the output of its script.
source "$(dirname "$0")/support.bash"
run scripts/make-sample --self-test
expect_equal 0 "$status" "make-sample --self-test: $err"
expect_equal "make-sample: self-test: 0 failed" "$out" "make-sample --self-test"
for table in testdata/sample/*.tsv; do
  expect_equal 1 "$(awk -F'\t' '{ print NF }' "$table" | sort -u | wc -l)" "one number of fields in $table"
done
[[ -d $REAL_DATA/films ]] || { [[ $failures -eq 0 ]] && skip "no $REAL_DATA/films"; }
run scripts/make-sample --data "$REAL_DATA" -o "$work/sample"
for table in testdata/sample/*.tsv; do
  expect_same_bytes "$table" "$work/sample/$(basename "$table")" "the committed sample and a new one"
done
finish
