#!/usr/bin/env bash
# What make rebuilds when something that is not a file changes: IMDB, BASE, TEMPLATE, TRAIN_FLAGS and the like, flags,
# or an MPI or CUDA compiler that is installed later. A fake compiler and fake tools, which write empty files, fill a
# build folder; `make -n` then shows the steps that a change causes.
source "$(dirname "$0")/support.bash"
export -n MAKEFLAGS MAKELEVEL MFLAGS
unset MAKEFLAGS MAKELEVEL MFLAGS CUDA NVCC MPICXX CXXFLAGS CPPFLAGS LDFLAGS LDLIBS SAN OPT V
build=$work/build train=$work/build/train
mkdir -p "$work/bin" "$work/imdb" "$work/cuda/bin"

# Compiles and links nothing. The program that it "links" writes the file after -o; lora-train writes an adapter folder.
cat >"$work/bin/compiler" <<'END'
#!/bin/sh
while [ "$1" != -o ]; do [ "$1" = -c ] && objects=yes; shift; done
[ -n "$objects" ] && { : >"$2"; exit; }
cp "$(dirname "$0")/tool" "$2"
END
cat >"$work/bin/tool" <<'END'
#!/bin/sh
name=${0##*/} begun=new
while [ "$1" != -o ]; do shift; done
[ "$name" = lora-train ] || { echo "$name" >"$2"; exit; }
[ -e "$2/checkpoint" ] && begun=resumed
mkdir -p "$2"
echo "$begun" >"$2/checkpoint"
echo "$begun" >"$2/adapter_model.safetensors"
END
printf '#!/bin/sh\ncase $1 in *compile) echo -I/opt/mpi/include ;; *link) echo -L/opt/mpi/lib -lmpi ;; esac\n' >"$work/bin/mpicxx"
printf '#!/bin/sh\n' >"$work/cuda/bin/nvcc"
chmod +x "$work"/bin/* "$work/cuda/bin/nvcc"
cp testdata/sample/*.tsv* "$work/imdb"
cp -r testdata/mini "$work/base"
: >"$work/base.gguf"

remake() {
  make --no-print-directory BUILD="$build" CXX="$work/bin/compiler" NVCC= MPICXX= IMDB=testdata/sample BASE=testdata/mini SEED=1 "$@" all train-chain
}
# steps ARGUMENT...: the steps that make would run, one word for each, sorted.
steps() {
  remake -n "$@" >"$work/steps" 2>&1 || fail "make -n $*: $(tail -n 3 "$work/steps")"
  sed -E ':a;/\\$/{N;s/\\\n//;ba}' "$work/steps" | sed -nE -e "s/^printf '[^']*' (c\+\+|nvcc|link|embed) (.*)/\1:\2/p" -e 's/.*printf .* > .*\/(chat\.json)$/\1/p' \
    -e "s|^$build/(tsv2bin\|embed\|synthconv\|tokenize\|lora-train\|evaluate) .*-o ([^ ]*).*|\2|p" | sed "s|$build/||; s|^train/||; s|$train/||" | sort
}
# expect_steps WHAT STEPS ARGUMENT...: make with these arguments runs exactly these steps, and none without them.
expect_steps() {
  local what=$1 wanted=$2
  shift 2
  expect_equal "$(tr ' ' '\n' <<<"$wanted" | sort)" "$(steps "$@")" "$what"
  expect_equal "" "$(steps)" "unchanged inputs after $what"
}

run remake -j2
expect_equal 0 "$status" "the first make: $err"
expect_equal "" "$(steps)" "unchanged inputs"

tables="title.basics.bin title.ratings.bin title.crew.bin title.principals.bin name.basics.bin title.certificates.bin"
tokens="train.tokens valid.tokens adapter chat.json figures.json"
catalog="movies.bin train.jsonl valid.jsonl $tokens"
expect_steps "another IMDB" "$tables $catalog" IMDB="$work/imdb"
mkdir "$work/few"
cp testdata/sample/title.{basics,ratings}.tsv* "$work/few"
expect_steps "an IMDB with fewer tables" "title.basics.bin title.ratings.bin $catalog" IMDB="$work/few"
expect_steps "another SEED" "$catalog" SEED=2
expect_steps "another BASE" "$tokens" BASE="$work/base"
expect_steps "a GGUF file as BASE" "$tokens" BASE="$work/base.gguf"
expect_steps "a BASE that is fetched" "train.jsonl valid.jsonl $tokens" BASE=smollm2
expect_steps "another TEMPLATE" "$tokens" TEMPLATE=alpaca
expect_steps "another SEQ_LEN" "$tokens" SEQ_LEN=256
expect_steps "more CONVERSATIONS" "train.jsonl valid.jsonl train.tokens valid.tokens adapter chat.json figures.json" CONVERSATIONS=20000
expect_steps "another KEEP" "train.jsonl valid.jsonl $tokens" KEEP=greet:0.2
expect_steps "other TRAIN_FLAGS" "adapter chat.json figures.json" TRAIN_FLAGS="--rank 8"
expect_steps "other EVALUATE_FLAGS" "figures.json" EVALUATE_FLAGS="--self-play 1"
expect_steps "another CHECKPOINT_EVERY" "" CHECKPOINT_EVERY=7

# Flags and compilers. Only the steps of the build are compared here: the training depends on the tools.
sources=c++:precompiled.h$'\n'$(find lib kernels cmd -name '*.cc' | grep -vE '_(ref|cases)\.cc$' | sed 's/^/c++:/')
links=$(for main in cmd/*.cc; do echo "link:$(basename "$main" .cc | tr _ -)"; done)
kernel_links=$(grep -vE ':(bin2tsv|tsv2bin)$' <<<"$links")
expect_built() {
  local what=$1 wanted=$2
  shift 2
  expect_equal "$(tr ' ' '\n' <<<"$wanted" | sort)" "$(steps "$@" | grep -E '^(c\+\+|nvcc|link|embed):')" "$what"
  expect_equal "" "$(steps)" "unchanged inputs after $what"
}
expect_built "other CXXFLAGS" "$sources
$links" CXXFLAGS=-g3
expect_built "other LDFLAGS" "$links" LDFLAGS=-s
expect_built "another VERSION" "c++:lib/base/tool.cc
$links" VERSION=9.9
expect_built "an MPI compiler" "c++:lib/cluster/mpi_communicator.cc link:lora-train" MPICXX="$work/bin/mpicxx"
expect_built "a CUDA compiler without a GPU" "" NVCC="$work/cuda/bin/nvcc" CUDA=0
expect_built "a CUDA compiler" "$(find kernels -name '*_cuda.cu' | sed 's/^/nvcc:/')
c++:kernels/ops.cc c++:kernels/device.cc
$kernel_links" NVCC="$work/cuda/bin/nvcc" CUDA=1

# A training that was stopped resumes; one with other options or tokens starts again and keeps the old folder.
rm "$train/adapter/adapter_model.safetensors"
run remake
expect_equal "resumed" "$(<"$train/adapter/adapter_model.safetensors")" "a stopped training"
run remake TRAIN_FLAGS="--rank 8"
expect_equal "new" "$(<"$train/adapter/adapter_model.safetensors")" "a training with other options"
[[ $out == *"the inputs of $train/adapter have changed"* ]] || fail "other options are not reported: $out"
expect_equal "resumed" "$(<"$train/adapter.old/adapter_model.safetensors")" "the old adapter"
finish
