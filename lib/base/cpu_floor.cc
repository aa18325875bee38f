// Ends the program with a message on a processor without the instructions that all other files are compiled for
// (x86-64-v3). This file is compiled for every x86-64 and runs before the constructors of other files, which may use
// such instructions already. So it uses nothing but system calls.
#include <unistd.h>

#include <cstring>

namespace {

void write_text(const char* text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(1);
}

void require_cpu_floor(int, char** argv, char**) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2")) {
    return;
  }
  const char* name = argv != nullptr && argv[0] != nullptr ? argv[0] : "matinee";
  const char* slash = strrchr(name, '/');
  write_text(slash == nullptr ? name : slash + 1);
  write_text(
      ": this processor lacks instructions that Matinee is built for (x86-64-v3: AVX2, FMA, BMI2, as processors have "
      "since 2013 to 2015); run it on another one\n");
  _exit(1);
}

// The dynamic loader calls what is listed here before any constructor of the program.
[[gnu::section(".preinit_array"), gnu::used]] void (*const check)(int, char**, char**) = require_cpu_floor;

}  // namespace
