#pragma once

#include <optional>
#include <string>

namespace matinee {

/// The GGUF file that holds the base model at `path`; nullopt if the base is not one, but a folder of Hugging Face
/// files. A base is GGUF if `path` is a file that begins with "GGUF" or ends in ".gguf" (Ollama's files have no
/// ending), or a folder with one .gguf file and no weights of another kind (*.safetensors, *.bin, *.pth). Throws
/// Error(kBadData) naming the files where such a folder has several.
std::optional<std::string> gguf_of_base(const std::string& path);

}  // namespace matinee
