#include "lib/evaluation/evaluation.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/chat/chat_session.h"
#include "lib/dialogue/mention_resolver.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/wording.h"
#include "lib/evaluation/question_slot.h"
#include "lib/io/json_writer.h"
#include "lib/recommend/movie_ranker.h"

namespace matinee {
namespace {

// What every worker reads and nobody changes.
struct World {
  World(const MovieCatalog& movie_catalog, const EvaluationOptions& evaluation_options)
      : catalog(movie_catalog),
        options(evaluation_options),
        phrasebook(Phrasebook::built_in()),
        words(phrasebook),
        ranker(movie_catalog),
        finder(movie_catalog),
        reader(movie_catalog, finder, phrasebook),
        policy(movie_catalog, ranker),
        targets(TargetSplit(options.split).targets(movie_catalog, options.part)),
        training_targets(TargetSplit(options.split).targets(movie_catalog, options.training_part)) {}

  Conversation conversation(std::uint64_t seed, std::uint64_t index, const std::vector<MovieId>& from) const {
    Random choice(seed, "target", index);
    const ConversationWorld talk{catalog, ranker, reader, phrasebook, policy};
    return converse(talk, {.seed = seed, .max_turns = static_cast<int>(options.max_turns), .personas = {}}, index,
                    choice.pick(from));
  }

  const MovieCatalog& catalog;
  const EvaluationOptions& options;
  Phrasebook phrasebook;
  ReplyWords words;
  MovieRanker ranker;
  MentionFinder finder;
  MentionResolver reader;
  Policy policy;
  std::vector<MovieId> targets, training_targets;
};

// What a reader of the figures asks next: which ones went wrong.
void note_miss(const SkillPrompt& prompt, std::string_view expected, std::string_view got, Figures& figures) {
  JsonWriter json(figures.misses);
  json.begin_object().field("skill", name_of(prompt.skill)).field("instruction", prompt.instruction);
  json.field("input", prompt.input).field("expected", expected).field("got", got).end_object();
  figures.misses += '\n';
}

bool listed(const World& world, const SystemAct& act, const std::string& text) {
  const auto wordings = possible_wordings(act, world.catalog);
  return std::any_of(wordings.begin(), wordings.end(), [&](const WordingRequest& request) {
    return world.phrasebook.lists(request.section, request.slots, text);
  });
}

void judge_wording(const World& world, const SystemAct& act, const std::string& text, Figures& figures) {
  ++figures.replies;
  const ReplyCheck check = check_reply(text, reply_facts(act, world.catalog, world.words));
  const bool grounded = check.ungrounded.empty();
  figures.ungrounded += grounded ? 0 : 1;
  if (act.kind == SystemActKind::kAsk) figures.asks_the_slot.add(slot_of_question(text, world.phrasebook) == act.slot);
  if (act.kind == SystemActKind::kRecommend) {
    const MovieId named = named_candidate(text, act, world.catalog);
    figures.recommends_best.add(named == act.movie);
    figures.recommends_true.add(named >= 0 && grounded && check.complete);
  }
  if (act.kind == SystemActKind::kAnswer) {
    const auto fact = fact_text(world.catalog, act.movie, act.fact);
    figures.answers_right.add(fact ? text.find(*fact) != std::string::npos : listed(world, act, text));
  }
}

void judge_understanding(const World& world, const Exchange& exchange, const PreferenceUpdate& found,
                         Figures& figures) {
  const PreferenceUpdate& truth = exchange.update;
  auto wanted = slot_values(truth, world.catalog), written = slot_values(found, world.catalog);
  const auto without_act = [](auto& pairs) {
    std::erase_if(pairs, [](const auto& pair) { return pair.first == "act"; });
  };
  without_act(wanted);
  without_act(written);
  for (const auto& pair : wanted)
    figures.slots_found.add(std::find(written.begin(), written.end(), pair) != written.end());
  for (const auto& pair : written)
    figures.slots_claimed.add(std::find(wanted.begin(), wanted.end(), pair) != wanted.end());
  figures.acts.add(truth.act == found.act);
  figures.exact[static_cast<std::size_t>(Skill::kUnderstand)].add(truth == found);
  if (truth != found) {
    note_miss(understand_prompt(exchange.texts.back(), exchange.user_text, exchange.mentioned),
              to_json(truth, world.catalog), to_json(found, world.catalog), figures);
  }
}

// Prompts every tuple of a conversation.
void judge_tuples(const World& world, const Conversation& conversation, Skills& skills, TextGenerator* model,
                  Figures& figures) {
  for (const Exchange& exchange : conversation.exchanges) {
    for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
      const SystemAct& act = exchange.acts[i];
      const std::string text = skills.realize(act, exchange.known_before, {});
      judge_wording(world, act, text, figures);
      const SkillPrompt prompt = act_prompt(act, exchange.known_before, world.catalog);
      const auto skill = static_cast<std::size_t>(prompt.skill);
      const bool as_in_data = text == exchange.texts[i] || listed(world, act, text);
      figures.exact[skill].add(as_in_data);
      if (!as_in_data) note_miss(prompt, exchange.texts[i], text, figures);
      if (model != nullptr && world.options.token_accuracy) {
        const auto [right, all] = model->token_accuracy(prompt, exchange.texts[i]);
        figures.tokens[skill].add(Ratio{right, all});
      }
    }
    if (exchange.user_text.empty()) continue;
    if (auto* templates = dynamic_cast<TemplateSkills*>(&skills)) templates->tell(exchange.update);
    judge_understanding(world, exchange, skills.understand(exchange.acts, exchange.texts.back(), exchange.user_text),
                        figures);
    if (model != nullptr && world.options.token_accuracy) {
      const auto [right, all] =
          model->token_accuracy(understand_prompt(exchange.texts.back(), exchange.user_text, exchange.mentioned),
                                to_json(exchange.update, world.catalog));
      figures.tokens[static_cast<std::size_t>(Skill::kUnderstand)].add(Ratio{right, all});
    }
  }
}

// Training prompts once more: the output itself, or another phrase that the book lists for the act.
void judge_training(const World& world, const Conversation& conversation, Skills& skills, Figures& figures) {
  for (const Exchange& exchange : conversation.exchanges) {
    for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
      const std::string text = skills.realize(exchange.acts[i], exchange.known_before, {});
      figures.training_again.add(text == exchange.texts[i] || listed(world, exchange.acts[i], text));
    }
    if (exchange.user_text.empty()) continue;
    if (auto* templates = dynamic_cast<TemplateSkills*>(&skills)) templates->tell(exchange.update);
    figures.training_again.add(skills.understand(exchange.acts, exchange.texts.back(), exchange.user_text) ==
                               exchange.update);
  }
}

void rank_target(const World& world, const PreferenceState& preferences, MovieId target, Figures& figures) {
  const auto ranked = world.ranker.rank(preferences, {}, world.catalog.size());
  std::size_t place = 0;
  while (place < ranked.size() && ranked[place].movie != target) ++place;
  figures.hit_1.add(place < 1);
  figures.hit_10.add(place < 10);
  figures.hit_50.add(place < 50);
  if (place < ranked.size()) figures.reciprocal_ranks += 1.0 / static_cast<double>(place + 1);
}

void play(const World& world, std::uint64_t seed, std::uint64_t index, Skills& skills, Figures& figures) {
  Random choice(seed, "self-play target", index);
  const MovieId target = choice.pick(world.targets);
  const auto persona = static_cast<Persona>(choice.below(kPersonas));
  SimulatedUser user(world.catalog, world.phrasebook, world.finder, target, persona,
                     Random(seed, "self-play user", index));
  ChatSession session(world.catalog, world.policy, skills);
  const ChatTurn* turn = &session.open();
  bool recommended = false, found = false;
  PreferenceState before;
  for (std::int64_t turns = 1;; ++turns) {
    for (std::size_t i = 0; i < turn->acts.size(); ++i) {
      const SystemAct& act = turn->acts[i];
      judge_wording(world, act, turn->texts[i], figures);
      if (act.kind != SystemActKind::kRecommend) continue;
      if (!recommended) rank_target(world, session.state().preferences, target, figures);
      recommended = true;
      // What counts is the title that the user reads, not what the policy had in mind.
      found = found || named_candidate(turn->texts[i], act, world.catalog) == target;
    }
    if (turn->finished || found || turns >= world.options.max_turns) {
      figures.turns += turns;
      break;
    }
    const UserTurn said = user.respond(turn->acts.back());
    if (auto* templates = dynamic_cast<TemplateSkills*>(&skills)) templates->tell(said.update);
    const std::vector<SystemAct> acts = turn->acts;
    const std::string asked = turn->texts.back();
    turn = &session.answer(said.text);
    if (turn->update != said.update) {
      const auto names = world.reader.names(acts, said.text);
      note_miss(understand_prompt(asked, said.text, names.mentioned), to_json(said.update, world.catalog),
                to_json(turn->update, world.catalog), figures);
    }
  }
  if (!recommended) rank_target(world, session.state().preferences, target, figures);
  figures.success.add(found);
}

// Generates text on one thread.
struct Worker {
  Worker(const LanguageModel& model, const LanguageModelOptions& options)
      : pool(1), context(pool), generator(context, model, options.sampler, options.seed) {}
  ThreadPool pool;
  Context context;
  TextGenerator generator;
};

using MakeSkills = std::function<std::unique_ptr<Skills>(int worker, std::uint64_t index)>;

Figures run(const World& world, std::uint64_t seed, ThreadPool& pool, const MakeSkills& make,
            const std::function<TextGenerator*(int)>& model) {
  const EvaluationOptions& o = world.options;
  const auto total = static_cast<std::size_t>(o.held_out + o.training + o.self_play);
  std::vector<Figures> each(total);
  pool.for_blocks(total, 1, [&](std::size_t at, std::size_t, int worker) {
    const auto index = static_cast<std::uint64_t>(at);
    const auto held_out = static_cast<std::uint64_t>(o.held_out), training = static_cast<std::uint64_t>(o.training);
    const auto skills = make(worker, index);
    if (index < held_out) {
      judge_tuples(world, world.conversation(seed, index, world.targets), *skills, model(worker), each[at]);
    } else if (index < held_out + training) {
      judge_training(world, world.conversation(o.training_seed, index - held_out, world.training_targets), *skills,
                     each[at]);
    } else {
      play(world, seed, index - held_out - training, *skills, each[at]);
    }
    if (const auto* modeled = dynamic_cast<const ModelSkills*>(skills.get()))
      each[at].unfinished += modeled->counts().unfinished;
  });
  Figures sum;
  for (const Figures& figures : each) sum.add(figures);
  return sum;
}

Figures run_model(const World& world, const LanguageModelOptions& options, std::uint64_t seed, ThreadPool& threads,
                  Device device) {
  // A GPU is faster with one sequence at a time than with several side by side.
  ThreadPool one(1);
  ThreadPool& pool = device.kind == DeviceKind::kCpu ? threads : one;
  Context context(pool, device);
  const LanguageModel shared(context, options, pool.threads());
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<TextGenerator> on_gpu;
  if (device.kind == DeviceKind::kCpu) {
    for (int i = 0; i < pool.threads(); ++i) workers.push_back(std::make_unique<Worker>(shared, options));
  } else {
    on_gpu.emplace(context, shared, options.sampler, options.seed);
  }
  const auto model = [&](int worker) {
    return on_gpu ? &*on_gpu : &workers[static_cast<std::size_t>(worker)]->generator;
  };
  return run(
      world, seed, pool,
      [&](int worker, std::uint64_t index) {
        return std::make_unique<ModelSkills>(*model(worker), world.catalog, world.reader, world.phrasebook, world.words,
                                             seed + index);
      },
      model);
}

}  // namespace

void EvaluationOptions::add(OptionSet& options) {
  options.integer("held-out", &held_out, 0, 1 << 30, "held-out conversations whose prompts are given to the model");
  options.integer("self-play", &self_play, 0, 1 << 30, "conversations with simulated users");
  options.integer("training", &training, 0, 1 << 30, "conversations of the training data that are prompted again");
  options.integer("training-seed", &training_seed, 0, INT64_MAX, "the seed that the training data were made with");
  options.integer("max-turns", &max_turns, 2, 1000, "turns in which the target must be recommended");
  options.text("split", &split, "PARTS", "how movies are dealt to parts as targets, as in synthconv");
  options.text("part", &part, "NAME", "targets of this part are held out");
  options.text("training-part", &training_part, "NAME", "targets of the training data");
  options.flag("without-adapter", &without_adapter, "also evaluate the base as it is");
  options.flag("token-accuracy", &token_accuracy, "also how often the true word is the likeliest (slower)");
}

double Figures::slot_f1() const {
  const double recall = slots_found.share(), precision = slots_claimed.share();
  return recall + precision == 0 ? 0 : 2 * recall * precision / (recall + precision);
}

void Figures::add(const Figures& other) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    exact[i].add(other.exact[i]);
    tokens[i].add(other.tokens[i]);
  }
  for (const auto member :
       {&Figures::asks_the_slot, &Figures::slots_found, &Figures::slots_claimed, &Figures::acts,
        &Figures::recommends_best, &Figures::recommends_true, &Figures::answers_right, &Figures::training_again,
        &Figures::success, &Figures::hit_1, &Figures::hit_10, &Figures::hit_50}) {
    (this->*member).add(other.*member);
  }
  reciprocal_ranks += other.reciprocal_ranks;
  turns += other.turns;
  replies += other.replies;
  ungrounded += other.ungrounded;
  unfinished += other.unfinished;
  misses += other.misses;
}

Evaluation evaluate(const MovieCatalog& catalog, const LanguageModelOptions& model, const EvaluationOptions& options,
                    std::uint64_t seed, int threads, Device device, const std::function<void(std::string_view)>& note) {
  const World world(catalog, options);
  ThreadPool pool(threads);
  Evaluation result;
  note("evaluating the model");
  result.model = run_model(world, model, seed, pool, device);
  if (options.without_adapter && !model.adapter.empty()) {
    // An untuned base seldom finds an end, so it is slow; a tenth of the conversations shows where it stands.
    EvaluationOptions few = options;
    for (std::int64_t* count : {&few.held_out, &few.self_play, &few.training}) *count = (*count + 9) / 10;
    note("evaluating the base without adapter, on a tenth of the conversations");
    const World smaller(catalog, few);
    LanguageModelOptions bare = model;
    bare.adapter.clear();
    result.base = run_model(smaller, bare, seed, pool, device);
    result.has_base = true;
  }
  note("evaluating the templates");
  result.templates = run(
      world, seed, pool,
      [&](int, std::uint64_t index) {
        return std::make_unique<TemplateSkills>(catalog, world.phrasebook, seed + index);
      },
      [](int) -> TextGenerator* { return nullptr; });
  return result;
}

}  // namespace matinee
