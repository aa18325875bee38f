// Tests of the page's modules that need no document. scripts/check-page runs this function in the browser; it returns
// the number of comparisons, and a text for each that failed.
async () => {
  const failures = [];
  let compared = 0;
  const equal = (found, expected, what) => {
    compared++;
    const [a, b] = [found, expected].map((value) => JSON.stringify(value));
    if (a !== b) failures.push(`${what}: expected ${b}, found ${a}`);
  };

  const { EventParser } = await import("/event_stream.js");
  const stream = 'data: {"a":1}\n\n: comment\r\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\ndata: ü\r\rdata: cut';
  const events = ['{"a":1}', "two\nlines", "ü"];
  for (let cut = 0; cut <= stream.length; cut++) {
    const parser = new EventParser();
    equal([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], events, `cut at ${cut}`);
  }
  const slowly = new EventParser();
  equal([...stream].flatMap((character) => slowly.push(character)), events, "one character at a time");

  const wishes = await import("/wishes.js");
  const state = { genres: ["Comedy", "Sci-Fi"], not_genres: ["Horror"], either: ["genre"], years: "1990s",
    not_years: "1995", runtime: "up to 119", popularity: "hidden", people: ["Al Pacino"], not_people: ["Adam Sandler"],
    min_rating: 7.5, age: "PG-13", keywords: ["christmas"], sort: "newest", liked: ["Heat (1995)"],
    disliked: ["Heat (1995) [tt0113277]"], seen: ["Se7en (1995)"] };
  equal(wishes.wishTexts(state), ["comedy", "or sci-fi", "no horror", "1990s", "not 1995", "under 2 h", "little known",
    "Al Pacino", "no Adam Sandler", "rated 7.5 or more", "up to PG-13", "“christmas” in the title", "newest first",
    "like Heat", "not like Heat", "seen Se7en"], "a chip for each wish");
  equal(wishes.chipsOf(state).length, Object.keys(state).length, "no key of a state is without a chip");
  equal(wishes.wishTexts({}), [], "no wish");
  equal(wishes.chipsOf(state, (name) => name.startsWith("Heat")).map((chip) => chip.text).slice(-2),
    ["newest first", "seen Se7en"], "known movies have no chip");
  const chips = wishes.chipsOf(state);
  for (const chip of chips) {
    const left = wishes.withoutChip(state, chip);
    equal(wishes.chipsOf(left).length, chips.length - 1, `without ${chip.text}`);
    equal(wishes.wishTexts(left).includes(chip.text), false, `${chip.text} is gone`);
  }
  equal(wishes.withoutChip(state, chips[0]).either, undefined, "one genre is no choice");
  equal(wishes.withoutChip({ years: "1990s" }, { key: "years", value: null }), {}, "the last wish");

  for (const [text, low, high] of [["1990s", 1990, 1999], ["since 1985", 1985, null], ["until 1960", null, 1960],
    ["1994", 1994, 1994], ["1999 to 2007", 1999, 2007]]) {
    equal(wishes.parseYears(text), { low, high }, text);
    equal(wishes.yearsOf(low, high), text, `${low} to ${high}`);
  }
  equal(wishes.parseYears("around 2005"), { low: 2002, high: 2008 }, "around 2005");
  for (const [text, low, high, words] of [["up to 119", null, 119, "under 2 h"],
    ["up to 100", null, 100, "up to 1 h 40 min"],
    ["up to 89", null, 89, "under 1 h 30 min"], ["at least 121", 121, null, "over 2 h"],
    ["at least 140", 140, null, "at least 2 h 20 min"], ["90", 90, 90, "1 h 30 min"],
    ["90 to 120", 90, 120, "1 h 30 min to 2 h"]]) {
    equal(wishes.parseRuntime(text), { low, high }, text);
    equal(wishes.runtimeOf(low, high), text, `${low} to ${high} minutes`);
    equal(wishes.runtimeText(text), words, `${text} in words`);
  }
  equal(wishes.runtimeText("around 90"), "about 1 h 30 min", "around 90");
  equal([wishes.parseYears(undefined), wishes.yearsOf(null, null)], [{ low: null, high: null }, ""], "open years");

  const heat = { tconst: "tt0113277", title: "Heat", year: 1995 };
  equal(wishes.withVerdicts({ seen: ["Heat (1995)", "Se7en (1995)"] }, [{ ...heat, verdict: "liked" }]),
    { seen: ["Se7en (1995)"], liked: ["tt0113277"] }, "a verdict replaces what was said");
  equal(wishes.withVerdicts({ liked: ["Heat (1995) [tt0113277]"] }, [{ ...heat, verdict: "none" }]), {},
    "a verdict that was taken back");

  const talk = await import("/conversation.js");
  const conversation = talk.newConversation("1", 7, "Hi!");
  equal([talk.isFresh(conversation), talk.titleOf(conversation)], [true, "New conversation"], "a new conversation");
  equal(talk.takeBackTurn(conversation), [], "nothing to take back");
  conversation.messages.push({ role: "user", content: "a  comedy" });
  conversation.messages.push({ role: "assistant", content: "", stopped: true });
  equal(talk.requestMessages(conversation),
    [{ role: "assistant", content: "Hi!" }, { role: "user", content: "a  comedy" }],
    "a reply that was stopped before its first word is not sent");
  conversation.messages.pop();
  conversation.messages.push({ role: "assistant", content: "Try Heat.",
    answer: { films: [heat], preferences: { genres: ["Crime"] } } });
  equal(talk.preferencesOf(conversation), { genres: ["Crime"] }, "the wishes are the last answer's");
  const change = talk.wishMessage({ genres: ["Crime"] }, { years: "1990s" });
  equal(change.note, "No longer: crime. Now: 1990s", "a change in words");
  conversation.messages.push(change);
  equal(talk.preferencesOf(conversation), { years: "1990s" }, "or the last change's");
  equal(talk.requestMessages(conversation).at(-1),
    { role: "user", content: "", matinee: { preferences: { years: "1990s" } } }, "a change as it is sent");
  equal([talk.takeBackTurn(conversation).length, conversation.messages.length], [1, 3], "an unanswered turn");
  equal(talk.takeBackReply(conversation).length, 1, "a reply");
  equal(talk.takeBackReply(conversation).length, 0, "a user's message is no reply");
  equal(talk.titleOf(conversation), "a comedy", "the title");

  const { asTraining, asText, fileName } = await import("/exports.js");
  const told = { messages: [{ role: "assistant", content: "Hi!" }, { role: "user", content: "crime" },
    { role: "assistant", content: "Try Heat.", answer: { films: [heat] } }, change,
    { role: "assistant", content: "Tr", stopped: true }], created: "2026-05-03T10:00:00Z", title: "" };
  const lines = asTraining([told, talk.newConversation("2", 1, "Hi!")], () => "disliked").trimEnd().split("\n");
  equal(lines.map((line) => JSON.parse(line).messages.map(({ role, weight }) => [role, weight])),
    [[["assistant", undefined], ["user", undefined], ["assistant", 0], ["user", undefined], ["assistant", 0]]],
    "training data");
  const liked = JSON.parse(asTraining([told], () => "liked")).messages;
  equal(liked.filter(({ weight }) => weight === 0).length, 1, "a reply with a liked film is learned");
  const shown = "You: crime\n\nMatinee: Try Heat.\n  - Heat (1995) https://www.imdb.com/title/tt0113277/";
  equal(asText(told).includes(shown), true, "as text");
  equal([fileName("A comedy, s'il vous plaît!"), fileName("??")], ["a-comedy-s-il-vous-plaît", "film"], "names of files");

  const { errorOfStatus } = await import("/errors.js");
  const busy = errorOfStatus(503, "{}", "7");
  equal([busy.kind, busy.retryAfter, /7 seconds/.test(busy.message)], ["busy", 7, true], "503");
  equal(errorOfStatus(400, '{"error":{"message":"too long"}}', null).message,
    "The server refused the request (400): too long", "400");
  equal(errorOfStatus(502, "<html>", null).message, "The server refused the request (502).", "a body of another kind");
  const { parseMemory } = await import("/memory.js");
  equal(parseMemory('{"tconst":"tt1","verdict":"seen"}\nbroken\n\n{"tconst":"tt1","verdict":"liked"}\n'),
    { tt1: { tconst: "tt1", verdict: "liked" } }, "the last line of a tconst counts");
  return { compared, failures };
}
