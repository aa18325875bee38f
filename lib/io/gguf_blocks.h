// Codecs of the block formats of GGUF, for the table in gguf_formats. `n` counts blocks.
#pragma once

#include <cstddef>

namespace matinee {

// Blocks of 32 numbers (gguf_blocks_32.cc).
void decode_q4_0(const std::byte* from, std::size_t n, float* to);
void decode_q4_1(const std::byte* from, std::size_t n, float* to);
void decode_q5_0(const std::byte* from, std::size_t n, float* to);
void decode_q5_1(const std::byte* from, std::size_t n, float* to);
void decode_q8_0(const std::byte* from, std::size_t n, float* to);
void encode_q4_0(const float* from, std::size_t n, std::byte* to);
void encode_q4_1(const float* from, std::size_t n, std::byte* to);
void encode_q5_0(const float* from, std::size_t n, std::byte* to);
void encode_q5_1(const float* from, std::size_t n, std::byte* to);
void encode_q8_0(const float* from, std::size_t n, std::byte* to);

// Blocks of 256 numbers, which llama.cpp calls super-blocks (gguf_blocks_256.cc, gguf_quantize_256.cc).
void decode_q4_k(const std::byte* from, std::size_t n, float* to);
void decode_q5_k(const std::byte* from, std::size_t n, float* to);
void decode_q6_k(const std::byte* from, std::size_t n, float* to);
void encode_q4_k(const float* from, std::size_t n, std::byte* to);
void encode_q5_k(const float* from, std::size_t n, std::byte* to);
void encode_q6_k(const float* from, std::size_t n, std::byte* to);

}  // namespace matinee
