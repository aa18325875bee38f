#include "lib/evaluation/evaluation.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "lib/chat/model_skills.h"
#include "lib/chat/template_wording.h"
#include "lib/evaluation/generator_pool.h"
#include "lib/evaluation/judge.h"
#include "lib/evaluation/part_split.h"
#include "lib/evaluation/rule_reading.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Targets {
  Targets(const ChatSystem& system, const EvaluationOptions& options)
      : held_out(PartSplit(options.split).targets(system.catalog, options.part)),
        training(PartSplit(options.split).targets(system.catalog, options.training_part)) {}
  std::vector<MovieId> held_out, training;
};

/// What one system reached.
struct SystemResult {
  Figures sum;
  FigureItems items;
};

using MakeExaminee = std::function<Examinee(int worker, std::uint64_t index)>;

std::string item_key(const char* part, std::string_view asked) {
  return fmt::format("{}:{:016x}", part, hash64(asked));
}

/// The conversations of an evaluation, all with the same seed and options.
class EvaluatedConversations {
 public:
  EvaluatedConversations(const ChatSystem& system, const Targets& targets, const EvaluationOptions& options,
                         std::uint64_t seed)
      : system_(system), targets_(targets), options_(options), seed_(seed) {}

  // Every conversation has an examinee and a judge of its own, so that the order in which threads take them does not
  // matter.
  SystemResult run(ThreadPool& pool, const MakeExaminee& make) const {
    const auto held_out = static_cast<std::uint64_t>(options_.held_out),
               training = static_cast<std::uint64_t>(options_.training);
    std::vector<Figures> each(held_out + training + static_cast<std::uint64_t>(options_.self_play));
    std::vector<std::string> keys(each.size());
    Progress shown = options_.progress("conversations", each.size(), "conversations");
    pool.for_blocks(each.size(), 1, [&](std::size_t at, std::size_t, int worker) {
      Judge judge(system_, make(worker, at));
      shown.status(at < held_out ? "held-out" : at < held_out + training ? "training" : "self-play");
      if (at < held_out) {
        keys[at] = prompt(judge, at);
      } else if (at < held_out + training) {
        keys[at] = prompt_training(judge, at - held_out);
      } else {
        keys[at] = play(judge, at - held_out - training);
      }
      each[at] = judge.take_figures();
      shown.advance();
    });
    shown.status("");
    shown.finish();
    SystemResult result;
    for (std::size_t i = 0; i < each.size(); ++i) {
      result.sum.add(each[i]);
      result.items.add(std::move(keys[i]), each[i]);
    }
    result.items.drop_unmeasured();
    return result;
  }

 private:
  Conversation conversation(std::uint64_t seed, std::uint64_t index, const std::vector<MovieId>& targets) const {
    Random choice(seed, "target", index);
    return converse(system_.world(), {.seed = seed, .max_turns = static_cast<int>(options_.max_turns), .personas = {}},
                    index, choice.pick(targets));
  }

  // Each returns the key of the item.
  std::string prompt(Judge& judge, std::uint64_t index) const {
    const Conversation asked = conversation(seed_, index, targets_.held_out);
    judge.prompt_again(asked);
    return item_key("held_out", conversation_json(asked, system_.catalog));
  }

  std::string prompt_training(Judge& judge, std::uint64_t index) const {
    const Conversation asked = conversation(options_.training_seed, index, targets_.training);
    judge.prompt_training(asked);
    return item_key("training", conversation_json(asked, system_.catalog));
  }

  std::string play(Judge& judge, std::uint64_t index) const {
    Random choice(seed_, "self-play target", index);
    const MovieId target = choice.pick(targets_.held_out);
    const auto persona = static_cast<Persona>(choice.below(kPersonas));
    const auto user = [&] {
      return std::make_unique<SimulatedUser>(system_.ranker.facts(), system_.phrasebook, system_.mentions, target,
                                             persona, Random(seed_, "self-play user", index));
    };
    judge.play(*user(), options_.max_turns, {index, persona});
    judge.play_with_random_movies(*user(), options_.max_turns, Random(seed_, "random movies", index));
    return item_key("self_play", fmt::format("{} {} {} {} {}", seed_, index, options_.max_turns, name_of(persona),
                                             judge.figures().played.front().wishes));
  }

  const ChatSystem& system_;
  const Targets& targets_;
  const EvaluationOptions& options_;
  std::uint64_t seed_;
};

SystemResult run_model(const ChatSystem& system, const Targets& targets, const LanguageModelOptions& options,
                       const EvaluationOptions& evaluation, std::uint64_t seed, int threads, Device device,
                       EvaluationPhase& loading, EvaluationPhase& running) {
  Clock::time_point start = Clock::now();
  GeneratorPool generators(options, threads, device);
  loading.seconds = seconds_since(start);
  start = Clock::now();
  SystemResult result = EvaluatedConversations(system, targets, evaluation, seed)
                            .run(generators.threads(), [&](int worker, std::uint64_t index) {
                              TextGenerator& generator = generators.generator(worker);
                              generator.reseed(options.seed + index);
                              return Examinee{std::make_unique<ModelWording>(generator, system, seed + index),
                                              std::make_unique<ModelUnderstanding>(generator, system),
                                              evaluation.token_accuracy ? &generator : nullptr};
                            });
  running.seconds = seconds_since(start);
  running.tokens = generators.replied_tokens();
  return result;
}

}  // namespace

void EvaluationOptions::add(OptionSet& options) {
  options.integer("held-out", &held_out, 0, 1 << 30, "held-out conversations to prompt the model with");
  options.integer("self-play", &self_play, 0, 1 << 30, "conversations with simulated users");
  options.integer("training", &training, 0, 1 << 30, "conversations of the training data to prompt the model with");
  options.integer("training-seed", &training_seed, 0, INT64_MAX, "the seed that synthconv made the training data with");
  options.integer("max-turns", &max_turns, 2, 1000, "turns within which the target must be recommended");
  options.text("split", &split, "PARTS", "how to divide the movies into parts, as in synthconv");
  options.text("part", &part, "NAME", "the held-out part");
  options.offer_words({"train", "valid", "test"});
  options.text("training-part", &training_part, "NAME", "the part that the model was trained on");
  options.offer_words({"train", "valid", "test"});
  options.flag("without-adapter", &without_adapter, "also evaluate the base without the adapter");
  options.flag("token-accuracy", &token_accuracy,
               "also measure how often the true token is the most probable (slower)");
}

Figures evaluate_templates(const ChatSystem& system, const EvaluationOptions& options, std::uint64_t seed,
                           ThreadPool& pool) {
  return EvaluatedConversations(system, Targets(system, options), options, seed)
      .run(pool,
           [&](int, std::uint64_t index) {
             return Examinee{std::make_unique<TemplateWording>(system, seed + index), nullptr, nullptr};
           })
      .sum;
}

Evaluation evaluate(const ChatSystem& system, const LanguageModelOptions& model, const EvaluationOptions& options,
                    std::uint64_t seed, int threads, Device device, const std::function<void(std::string_view)>& note) {
  const Targets targets(system, options);
  Evaluation result;
  note("evaluating the model");
  EvaluationPhase loading{"loading the model"}, running{"the model: held-out, training, self-play"};
  SystemResult of_model = run_model(system, targets, model, options, seed, threads, device, loading, running);
  result.model = std::move(of_model.sum);
  result.items = std::move(of_model.items);
  result.phases = {loading, running};
  if (options.without_adapter && !model.adapter.empty()) {
    // An untuned base rarely ends a reply, so it is slow; a tenth of the conversations is enough to compare.
    EvaluationOptions few = options;
    for (std::int64_t* count : {&few.held_out, &few.self_play, &few.training}) *count = (*count + 9) / 10;
    note("evaluating the base without the adapter, on a tenth of the conversations");
    LanguageModelOptions bare = model;
    bare.adapter.clear();
    EvaluationPhase base{"the base without the adapter, on a tenth"};
    result.base = run_model(system, targets, bare, few, seed, threads, device, loading, base).sum;
    result.has_base = true;
    result.phases.push_back(base);
  }
  ThreadPool pool(threads);
  Clock::time_point start = Clock::now();
  if (options.with_rule) {
    note("evaluating a rule without a model");
    result.rule = EvaluatedConversations(system, targets, options, seed)
                      .run(pool,
                           [&](int, std::uint64_t index) {
                             return Examinee{std::make_unique<TemplateWording>(system, seed + index),
                                             std::make_unique<RuleReading>(system), nullptr};
                           })
                      .sum;
    result.has_rule = true;
    result.phases.push_back({"the rule", seconds_since(start)});
    start = Clock::now();
  }
  note("evaluating the templates");
  result.templates = evaluate_templates(system, options, seed, pool);
  result.phases.push_back({"the templates", seconds_since(start)});
  return result;
}

FigureItems items_of_turns(const TurnScore& score) {
  FigureItems items;
  const auto number = [](std::size_t count) { return static_cast<double>(count); };
  for (const ComparedTurn& turn : score.turns) {
    items.keys.push_back(turn.source);
    const double right = number(turn.right.size());
    items.counts["act"].push_back({turn.act_right ? 1.0 : 0.0, 1, 0, 0});
    items.counts["exact"].push_back({turn.faults() == 0 ? 1.0 : 0.0, 1, 0, 0});
    items.counts["slots_f1"].push_back(
        {right, right + number(turn.missing.size()), right, right + number(turn.wrong.size())});
  }
  return items;
}

}  // namespace matinee
