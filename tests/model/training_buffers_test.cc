#include "lib/model/training_buffers.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>

#include "lib/model/head_loss.h"
#include "lib/model/lora_adapter.h"
#include "tests/model/small_families.h"

namespace matinee {
namespace {

// Counts the allocations in host memory. As a device's allocator, it can offload layer inputs.
class CountingMemory final : public DeviceAllocator {
 public:
  explicit CountingMemory(bool on_device) : on_device_(on_device) {}

  bool is_host() const override { return !on_device_; }
  void* allocate(std::size_t size) override {
    bytes += size;
    return host_->allocate(size);
  }
  void release(void* memory) noexcept override { host_->release(memory); }
  void upload(void* to, const void* from, std::size_t size) override { host_->upload(to, from, size); }
  void download(void* to, const void* from, std::size_t size) override { host_->download(to, from, size); }
  void copy(void* to, const void* from, std::size_t size) override { host_->copy(to, from, size); }
  void zero(void* to, std::size_t size) override { host_->zero(to, size); }
  void synchronize() override {}
  std::unique_ptr<ActivationOffload> offload(std::size_t places, std::size_t size) override {
    if (!on_device_) return nullptr;
    offloaded += places * size;
    return std::make_unique<Nowhere>();
  }

  std::size_t bytes = 0, offloaded = 0;

 private:
  struct Nowhere final : ActivationOffload {
    void put(std::size_t, const void*, std::size_t) override {}
    void fetch(std::size_t, void*, std::size_t) override {}
    void wait(std::size_t) override {}
  };
  std::shared_ptr<DeviceAllocator> host_ = host_allocator();
  bool on_device_;
};

struct Adapter {
  const char* name;
  bool exists = false, dora = false;
  PatternValues ranks = {};
  std::string pattern = "all-linear";
};

std::ostream& operator<<(std::ostream& out, const Adapter& adapter) { return out << adapter.name; }

class TrainingBuffersOf
    : public ::testing::TestWithParam<std::tuple<std::pair<std::string, ModelConfig>, Adapter, bool, bool>> {};

TEST_P(TrainingBuffersOf, AllocatesThePlannedBytes) {
  auto [family, adapter, recompute, on_device] = GetParam();
  ModelConfig config = family.second;
  config.num_hidden_layers = 4;  // more than stay on a device when inputs are offloaded
  LoraConfig lora;
  lora.use_dora = adapter.dora;
  lora.rank_pattern = adapter.ranks;
  lora.target_pattern = adapter.pattern;
  std::unique_ptr<LoraAdapter> loaded;
  LoraWeights refs;
  if (adapter.exists) {
    lora.resolve(config);
    loaded = std::make_unique<LoraAdapter>(config, lora, 1);
    refs = loaded->factors();
  }
  const TrainingBufferOptions options{.max_tokens = 10, .recompute = recompute};
  const TrainingBuffers::Bytes planned =
      TrainingBuffers::bytes_of(config, adapter_widths(config, adapter.exists ? &lora : nullptr), options, on_device);
  const auto memory = std::make_shared<CountingMemory>(on_device);
  TrainingBuffers buffers(memory, config, adapter_widths(adapter.exists ? &refs : nullptr), options);
  EXPECT_EQ(planned.device, memory->bytes);
  EXPECT_EQ(planned.host, memory->offloaded);
  EXPECT_EQ(planned.host > 0, recompute && on_device);
  // The groups that share a buffer fit in it.
  const float* end = buffers.shared.data() + buffers.shared.size();
  EXPECT_LE(buffers.logits + HeadLoss::kChunkRows * config.vocab_size, end);
  EXPECT_LE(buffers.grad_gated + 10 * config.intermediate_size, end);
  EXPECT_LE(buffers.grad_v + 10 * config.kv_size(), end);
}

INSTANTIATE_TEST_SUITE_P(
    Everything, TrainingBuffersOf,
    ::testing::Combine(
        ::testing::ValuesIn(testing::small_families(16)),
        ::testing::Values(
            Adapter{"none"}, Adapter{.name = "lora", .exists = true},
            Adapter{.name = "dora", .exists = true, .dora = true},
            Adapter{.name = "ranks_by_layer", .exists = true, .ranks = {{".*\\.0\\..*", 3}, {".*\\.2\\..*", 11}}},
            Adapter{.name = "tables", .exists = true, .pattern = ".*(embed_tokens|wte|embed_in|lm_head|embed_out)"},
            Adapter{.name = "dora_of_head", .exists = true, .dora = true, .pattern = "lm_head|embed_out"}),
        ::testing::Bool(), ::testing::Bool()),
    [](const auto& test) {
      const auto& of = test.param;
      return std::get<0>(of).first + "_" + std::get<1>(of).name + (std::get<2>(of) ? "_recompute" : "") +
             (std::get<3>(of) ? "_device" : "");
    });

}  // namespace
}  // namespace matinee
