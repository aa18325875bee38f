#include "lib/evaluation/evaluation.h"

#include <memory>

#include "lib/chat/model_skills.h"
#include "lib/chat/template_wording.h"
#include "lib/evaluation/generator_pool.h"
#include "lib/evaluation/judge.h"
#include "lib/evaluation/part_split.h"

namespace matinee {
namespace {

struct Targets {
  Targets(const ChatSystem& system, const EvaluationOptions& options)
      : held_out(PartSplit(options.split).targets(system.catalog, options.part)),
        training(PartSplit(options.split).targets(system.catalog, options.training_part)) {}
  std::vector<MovieId> held_out, training;
};

using MakeExaminee = std::function<Examinee(int worker, std::uint64_t index)>;

// Every conversation has an examinee and a judge of its own, so that the order in which threads take them does not
// matter.
Figures run(const ChatSystem& system, const Targets& targets, const EvaluationOptions& options, std::uint64_t seed,
            ThreadPool& pool, const MakeExaminee& make) {
  const auto conversation = [&](std::uint64_t with_seed, std::uint64_t index, const std::vector<MovieId>& from) {
    Random choice(with_seed, "target", index);
    return converse(system.world(),
                    {.seed = with_seed, .max_turns = static_cast<int>(options.max_turns), .personas = {}}, index,
                    choice.pick(from));
  };
  const auto held_out = static_cast<std::uint64_t>(options.held_out),
             training = static_cast<std::uint64_t>(options.training);
  std::vector<Figures> each(held_out + training + static_cast<std::uint64_t>(options.self_play));
  pool.for_blocks(each.size(), 1, [&](std::size_t at, std::size_t, int worker) {
    std::uint64_t index = at;
    Judge judge(system, make(worker, index));
    if (index < held_out) {
      judge.prompt_again(conversation(seed, index, targets.held_out));
    } else if (index < held_out + training) {
      judge.prompt_training(conversation(options.training_seed, index - held_out, targets.training));
    } else {
      index -= held_out + training;
      Random choice(seed, "self-play target", index);
      const MovieId target = choice.pick(targets.held_out);
      const auto persona = static_cast<Persona>(choice.below(kPersonas));
      const auto user = [&] {
        return std::make_unique<SimulatedUser>(system.ranker.facts(), system.phrasebook, system.mentions, target,
                                               persona, Random(seed, "self-play user", index));
      };
      judge.play(*user(), options.max_turns);
      judge.play_with_random_movies(*user(), options.max_turns, Random(seed, "random movies", index));
    }
    each[at] = judge.figures();
  });
  Figures sum;
  for (const Figures& figures : each) sum.add(figures);
  return sum;
}

Figures run_model(const ChatSystem& system, const Targets& targets, const LanguageModelOptions& options,
                  const EvaluationOptions& evaluation, std::uint64_t seed, int threads, Device device) {
  GeneratorPool generators(options, threads, device);
  return run(system, targets, evaluation, seed, generators.threads(), [&](int worker, std::uint64_t index) {
    TextGenerator& generator = generators.generator(worker);
    generator.reseed(options.seed + index);
    return Examinee{std::make_unique<ModelWording>(generator, system, seed + index),
                    std::make_unique<ModelUnderstanding>(generator, system),
                    evaluation.token_accuracy ? &generator : nullptr};
  });
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
  return run(system, Targets(system, options), options, seed, pool, [&](int, std::uint64_t index) {
    return Examinee{std::make_unique<TemplateWording>(system, seed + index), nullptr, nullptr};
  });
}

Evaluation evaluate(const ChatSystem& system, const LanguageModelOptions& model, const EvaluationOptions& options,
                    std::uint64_t seed, int threads, Device device, const std::function<void(std::string_view)>& note) {
  const Targets targets(system, options);
  Evaluation result;
  note("evaluating the model");
  result.model = run_model(system, targets, model, options, seed, threads, device);
  if (options.without_adapter && !model.adapter.empty()) {
    // An untuned base rarely ends a reply, so it is slow; a tenth of the conversations is enough to compare.
    EvaluationOptions few = options;
    for (std::int64_t* count : {&few.held_out, &few.self_play, &few.training}) *count = (*count + 9) / 10;
    note("evaluating the base without the adapter, on a tenth of the conversations");
    LanguageModelOptions bare = model;
    bare.adapter.clear();
    result.base = run_model(system, targets, bare, few, seed, threads, device);
    result.has_base = true;
  }
  note("evaluating the templates");
  ThreadPool pool(threads);
  result.templates = evaluate_templates(system, options, seed, pool);
  return result;
}

}  // namespace matinee
