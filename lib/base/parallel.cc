#include "lib/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// True while this thread runs a body. A nested call must not wait for its own pool, which would deadlock.
thread_local bool inside_body = false;

// Idle workers and a waiting caller spin this long before they sleep. Waking a thread takes tens of microseconds, and
// decoding one token makes hundreds of calls that take about as long.
constexpr std::chrono::microseconds kPatience{100};

// Spins until `there` returns true or kPatience has passed; returns whether it did. Reading the clock takes longer than
// calling `there`, so the clock is read once per 32 calls.
template <class There>
bool wait_awake(const There& there) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int look = 0; look < 32; ++look) {
      if (there()) return true;
      __builtin_ia32_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// CPU quota of the cgroup (v2) in processors, rounded up; 0 if there is none.
int cgroup_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>((std::stod(quota) + period - 1) / period));
}

}  // namespace

int available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = std::max(1, CPU_COUNT(&set));
  const int quota = cgroup_quota();
  return quota > 0 ? std::min(count, quota) : count;
}

struct ThreadPool::Impl {
  int threads = 1;
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake, done;
  std::atomic<std::uint64_t> job{0};  // number of the current job; a change wakes the workers
  std::atomic<int> running{0};
  std::atomic<bool> stopping{false};
  int asleep = 0;              // workers waiting for `wake`
  bool caller_asleep = false;  // the caller is waiting for `done`
  bool patient = false;        // spin before sleeping: each thread has its own processor

  // The current job.
  const std::function<void(std::size_t, std::size_t, int)>* body = nullptr;
  std::size_t count = 0, block = 1;
  std::atomic<std::size_t> next{0};
  std::size_t failed_block = SIZE_MAX;
  std::exception_ptr failure;

  void work(int worker) {
    inside_body = true;
    for (;;) {
      const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
      const std::size_t begin = index * block;
      if (begin >= count) break;
      try {
        (*body)(begin, std::min(count, begin + block), worker);
      } catch (...) {
        // Blocks are claimed in order, so all blocks below this one are already claimed. This stops only later ones.
        next.store(count / block + 1, std::memory_order_relaxed);
        const std::lock_guard lock(mutex);
        if (index < failed_block) {
          failed_block = index;
          failure = std::current_exception();
        }
      }
    }
    inside_body = false;
  }

  void loop(int worker) {
    std::uint64_t seen = 0;
    for (;;) {
      const auto there = [&] { return job.load(std::memory_order_acquire) != seen; };
      if (!patient || !wait_awake(there)) {
        std::unique_lock lock(mutex);
        ++asleep;
        wake.wait(lock, there);
        --asleep;
      }
      if (stopping) return;
      // The next job cannot begin before this worker has finished this one, so `job` is still this job's number.
      seen = job.load(std::memory_order_acquire);
      work(worker);
      if (running.fetch_sub(1, std::memory_order_acq_rel) > 1) continue;
      const std::lock_guard lock(mutex);
      if (caller_asleep) done.notify_one();
    }
  }

  // Also stops the threads already started if the constructor of ThreadPool throws.
  ~Impl() {
    stopping = true;
    begin();
    for (std::thread& worker : workers) worker.join();
  }

  // The release makes the fields of the job visible to the workers that see its number.
  void begin() {
    bool wakes = false;
    {
      const std::lock_guard lock(mutex);
      job.fetch_add(1, std::memory_order_release);
      wakes = asleep > 0;
    }
    if (wakes) wake.notify_all();
  }

  void wait_for_workers() {
    const auto there = [&] { return running.load(std::memory_order_acquire) == 0; };
    if (patient && wait_awake(there)) return;
    std::unique_lock lock(mutex);
    caller_asleep = true;
    done.wait(lock, there);
    caller_asleep = false;
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  impl_->threads = threads > 0 ? threads : available_processors();
  impl_->patient = impl_->threads <= available_processors();
  for (int worker = 1; worker < impl_->threads; ++worker) {
    try {
      impl_->workers.emplace_back([impl = impl_.get(), worker] { impl->loop(worker); });
    } catch (const std::system_error& error) {
      throw resource_error("thread {} of {} cannot be started: {}", worker + 1, impl_->threads, error.code().message())
          .add_remedy("ask for fewer with --threads, or raise ulimit -d or -u");
    }
  }
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const { return impl_->threads; }

void ThreadPool::for_blocks(std::size_t count, std::size_t block,
                            const std::function<void(std::size_t, std::size_t, int)>& body) {
  if (count == 0) return;
  block = std::max<std::size_t>(block, 1);
  if (impl_->threads == 1 || count <= block || inside_body) {
    for (std::size_t begin = 0; begin < count; begin += block) body(begin, std::min(count, begin + block), 0);
    return;
  }
  impl_->body = &body;
  impl_->count = count;
  impl_->block = block;
  impl_->next.store(0, std::memory_order_relaxed);
  impl_->failed_block = SIZE_MAX;
  impl_->failure = nullptr;
  impl_->running.store(impl_->threads - 1, std::memory_order_relaxed);
  impl_->begin();
  impl_->work(0);
  impl_->wait_for_workers();
  if (impl_->failure) std::rethrow_exception(std::exchange(impl_->failure, nullptr));
}

}  // namespace matinee
