#include "lib/chat/shared_decoder.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/model/decoder_slots.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

// A run of up to this many tokens is processed whole before longer ones get the rest of a step.
constexpr std::int64_t kShortRun = 8;
// Callers that wait for a slot are asked this often whether they are gone, if no step asks them.
constexpr std::chrono::milliseconds kAsked{20};
// How long a step waits for sequences whose callers are choosing a token, relative to the last step, and at least.
constexpr int kPatienceDivisor = 2;
constexpr std::chrono::microseconds kLeastPatience{200};

// Tokens that a caller has submitted for decoding, and their result.
struct Job {
  enum class State : std::uint8_t { kIdle, kSubmitted, kDone, kStopped, kFailed };

  // The caller's until it submits the job, then the decoding thread's until `state` has changed.
  std::vector<std::int32_t> tokens;
  std::function<bool()> gone;
  int slot = -1;
  std::vector<float> logits;
  std::exception_ptr error;
  // The decoding thread's.
  std::size_t processed = 0, in_step = 0;
  // Guarded by the mutex.
  State state = State::kIdle;
  std::condition_variable changed;

  std::span<const std::int32_t> rest() const { return std::span(tokens).subspan(processed); }
};

}  // namespace

// The decoding thread and the jobs that it works on.
class SharedDecoder::Decoding {
 public:
  Decoding(Context& context, const LanguageModel& model, int slots)
      : batch_(model.model().batch(context, slots)), slots_(batch_), thread_([this] { loop(); }) {}
  ~Decoding() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  std::int64_t max_tokens() const { return batch_.max_tokens(); }

  // Returns when the job is done, stopped or failed.
  Job::State decode(Job& job) {
    std::unique_lock lock(mutex_);
    job.state = Job::State::kSubmitted;
    submitted_.push_back(&job);
    if (job.slot >= 0) stops_choosing();
    wake_.notify_one();
    job.changed.wait(lock, [&] { return job.state != Job::State::kSubmitted; });
    return job.state;
  }
  // Gives the job's slot back. The caller has no decode() running.
  void release(Job& job) noexcept {
    if (job.slot < 0) return;
    const std::lock_guard lock(mutex_);
    released_.push_back(job.slot);  // never more than there are slots
    stops_choosing();
    job.slot = -1;
    wake_.notify_one();
  }
  Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void loop();
  bool collect();
  void stops_choosing() { late_ = std::min(late_, --choosing_); }
  void stop_those_gone();
  void admit();
  std::vector<SlotTokens> next_step();
  void step();
  void end(Job& job, Job::State state);
  void fail(const std::exception_ptr& error);

  DecoderBatch batch_;
  DecoderSlots slots_;
  std::vector<Job*> running_;  // in slots, in order of arrival
  std::deque<Job*> waiting_;   // for a slot
  Clock::duration last_step_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by it.
  std::vector<Job*> submitted_;
  std::vector<int> released_;
  int choosing_ = 0;  // callers that hold a slot and have no job submitted
  int late_ = 0;      // of these, for how many the last step waited without getting a token
  Counts counts_;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

void SharedDecoder::Decoding::loop() {
  while (collect()) {
    try {
      stop_those_gone();
      admit();
      step();
    } catch (...) {
      fail(std::current_exception());
    }
  }
}

// Waits for something to do, then briefly for the sequences whose next token is being chosen, so that they share the
// step. Returns false at the end.
bool SharedDecoder::Decoding::collect() {
  std::unique_lock lock(mutex_);
  const auto something = [&] { return stopping_ || !submitted_.empty() || !released_.empty(); };
  if (running_.empty()) {
    if (waiting_.empty()) {
      wake_.wait(lock, something);
    } else if (!slots_.any_free()) {
      wake_.wait_for(lock, kAsked, something);
    }
  }
  const auto patience = std::max<Clock::duration>(last_step_ / kPatienceDivisor, kLeastPatience);
  wake_.wait_for(lock, patience, [&] { return stopping_ || choosing_ <= late_; });
  late_ = choosing_;
  for (const int slot : released_) slots_.release(slot);
  released_.clear();
  for (Job* job : submitted_) {
    job->processed = 0;
    if (job->slot >= 0) {
      running_.push_back(job);
    } else {
      waiting_.push_back(job);
    }
  }
  submitted_.clear();
  return !stopping_;
}

// Ends a job that is in neither list any more.
void SharedDecoder::Decoding::end(Job& job, Job::State state) {
  const std::lock_guard lock(mutex_);
  if (state == Job::State::kDone) {
    ++choosing_;
  } else if (job.slot >= 0) {
    slots_.release(job.slot);
    job.slot = -1;
  }
  job.state = state;
  job.changed.notify_one();
}

void SharedDecoder::Decoding::stop_those_gone() {
  const auto stopped = [&](Job* job) {
    if (!job->gone || !job->gone()) return false;
    end(*job, Job::State::kStopped);
    return true;
  };
  std::erase_if(running_, stopped);
  std::erase_if(waiting_, stopped);
}

void SharedDecoder::Decoding::admit() {
  while (!waiting_.empty() && slots_.any_free()) {
    Job* job = waiting_.front();
    waiting_.pop_front();
    running_.push_back(job);
    job->slot = slots_.take(job->tokens);
    job->processed = batch_.tokens(job->slot).size();
    const std::lock_guard lock(mutex_);
    counts_.reused += static_cast<std::int64_t>(job->processed);
  }
}

// Every sequence gets a token, then short runs are completed, and what is left of the step goes to the oldest jobs.
std::vector<SlotTokens> SharedDecoder::Decoding::next_step() {
  std::int64_t room = batch_.max_step_tokens();
  for (Job* job : running_) job->in_step = 0;
  for (const std::int64_t most : {std::int64_t{1}, kShortRun, room}) {
    for (Job* job : running_) {
      const std::int64_t wanted = std::min(most, std::ssize(job->rest())) - static_cast<std::int64_t>(job->in_step);
      const std::int64_t more = std::clamp<std::int64_t>(wanted, 0, room);
      job->in_step += static_cast<std::size_t>(more);
      room -= more;
    }
  }
  std::vector<SlotTokens> parts;
  for (const Job* job : running_) {
    if (job->in_step > 0)
      parts.push_back({job->slot, job->rest().first(job->in_step), job->in_step == job->rest().size()});
  }
  return parts;
}

void SharedDecoder::Decoding::step() {
  if (running_.empty()) return;
  const std::vector<SlotTokens> parts = next_step();
  const auto begin = Clock::now();
  batch_.step(parts);
  last_step_ = Clock::now() - begin;
  std::int64_t tokens = 0;
  for (const SlotTokens& part : parts) tokens += std::ssize(part.tokens);
  {
    const std::lock_guard lock(mutex_);
    ++counts_.steps;
    counts_.tokens += tokens;
  }
  std::size_t done = 0;
  std::erase_if(running_, [&](Job* job) {
    job->processed += job->in_step;
    if (!job->rest().empty()) return false;
    const std::span<const float> logits = batch_.logits(done++);
    job->logits.assign(logits.begin(), logits.end());
    end(*job, Job::State::kDone);
    return true;
  });
}

void SharedDecoder::Decoding::fail(const std::exception_ptr& error) {
  for (Job* job : std::exchange(running_, {})) {
    job->error = error;
    end(*job, Job::State::kFailed);
  }
}

class SharedDecoder::Sequence final : public TokenSequence {
 public:
  Sequence(Decoding& decoding, std::function<bool()> gone) : decoding_(decoding) { job_.gone = std::move(gone); }
  ~Sequence() override { finish(); }

  std::span<const float> append(std::span<const std::int32_t> tokens) override {
    if (job_.slot < 0) contract_violation("SharedDecoder", "append() follows restart()");
    return decode(tokens);
  }
  std::span<const float> restart(std::span<const std::int32_t> tokens) override {
    finish();
    return decode(tokens);
  }
  void finish() noexcept override {
    decoding_.release(job_);
    length_ = 0;
  }
  std::int64_t length() const override { return length_; }
  std::int64_t max_tokens() const override { return decoding_.max_tokens(); }

 private:
  std::span<const float> decode(std::span<const std::int32_t> tokens) {
    if (tokens.empty()) contract_violation("SharedDecoder", "there must be a token");
    const std::int64_t length = length_ + std::ssize(tokens);
    if (length > max_tokens())
      throw resource_error("the text has {} tokens, but there is room for {}", length, max_tokens());
    job_.tokens.assign(tokens.begin(), tokens.end());
    switch (decoding_.decode(job_)) {
      case Job::State::kDone: length_ = length; return job_.logits;
      case Job::State::kFailed: length_ = 0; std::rethrow_exception(std::exchange(job_.error, {}));
      default: length_ = 0; return {};
    }
  }

  Decoding& decoding_;
  Job job_;
  std::int64_t length_ = 0;
};

SharedDecoder::SharedDecoder(Context& context, const LanguageModel& model, const SharedDecoderOptions& options)
    : model_(model), sampler_(options.sampler), decoding_(std::make_unique<Decoding>(context, model, options.slots)) {}

SharedDecoder::~SharedDecoder() = default;

std::unique_ptr<TextGenerator> SharedDecoder::generator(std::uint64_t seed, std::function<bool()> gone) {
  return std::make_unique<TextGenerator>(std::make_unique<Sequence>(*decoding_, std::move(gone)), model_, sampler_,
                                         seed);
}

SharedDecoder::Counts SharedDecoder::counts() const { return decoding_->counts(); }

}  // namespace matinee
