"""Reads the dialogues of ReDial: what was said, and which films were named and liked. For scripts that count or measure."""
import collections
import dataclasses
import hashlib
import json
import os
import re
import unicodedata


@dataclasses.dataclass
class Dialogue:
    messages: list  # (speaker, text, films named in it); in the text each film is written as @number
    liked: list     # films that a speaker says, in the form after the dialogue, to have liked
    part: int       # 0 or 1 where both speakers are in the same half of all people, else -1


def title_of(text):
    """A film as the dialogues name it, with plain quotes and single spaces: "The Shining (1980)"."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    return " ".join(text.split()).replace("%3F", "?")


def key_of(title):
    """A title for comparison, without case, accents, punctuation and a leading article."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.lower().replace("&", "and"))
                    if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^(?:the|a|an) ", "", plain))


def half_of(person):
    return hashlib.sha256(str(person).encode()).digest()[0] % 2


def read(data, part=""):
    """The dialogues of `data`, or of part "I/2": those of which both speakers are in half I of all people, so that no
    one person's taste is in two parts. Dialogues between the halves are in neither."""
    wanted = None
    if part:
        index, count = part.split("/")
        if count != "2" or index not in ("0", "1"):
            raise SystemExit(f'expected the part "0/2" or "1/2", found "{part}"')
        wanted = int(index)
    dialogues = []
    with open(os.path.join(data, "dialogues", "valid_data.jsonl"), encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            halves = {half_of(record["initiatorWorkerId"]), half_of(record["respondentWorkerId"])}
            own = halves.pop() if len(halves) == 1 else -1
            if wanted is not None and own != wanted:
                continue
            named = record["movieMentions"] if isinstance(record["movieMentions"], dict) else {}
            films = {number: title_of(text) for number, text in named.items() if text}
            forms = [record[key] for key in ("initiatorQuestions", "respondentQuestions") if isinstance(record[key], dict)]
            liked = [film for number, film in sorted(films.items())
                     if any(form.get(number, {}).get("liked") == 1 for form in forms)]
            messages = [(message["senderWorkerId"] == record["initiatorWorkerId"], message["text"],
                         [films[n] for n in re.findall(r"@(\d+)", message["text"]) if n in films])
                        for message in record["messages"]]
            dialogues.append(Dialogue(messages, liked, own))
    return dialogues


def rows(path):
    with open(path, encoding="utf-8") as file:
        names = file.readline().rstrip("\n").split("\t")
        for line in file:
            yield dict(zip(names, line.rstrip("\n").split("\t")))


class Movies:
    """The movies that embed keeps of the tables in `folder`, most votes first; a movie is its place among them."""

    def __init__(self, folder, top):
        votes = {row["tconst"]: int(row["numVotes"]) for row in rows(os.path.join(folder, "title.ratings.tsv"))}
        kept = [row for row in rows(os.path.join(folder, "title.basics.tsv"))
                if row["titleType"] == "movie" and row["isAdult"] != "1" and row["primaryTitle"] != "\\N"]
        kept.sort(key=lambda row: (-votes.get(row["tconst"], -1), row["tconst"]))
        kept = kept[:top]
        self.tconst = [row["tconst"] for row in kept]
        self.year = [int(row["startYear"]) if row["startYear"] != "\\N" else 0 for row in kept]
        self.genres = [frozenset() if row["genres"] == "\\N" else frozenset(row["genres"].split(",")) for row in kept]
        self.place = {tconst: movie for movie, tconst in enumerate(self.tconst)}
        plain = [f"{row['primaryTitle']} ({year})" if year else row["primaryTitle"] for row, year in zip(kept, self.year)]
        shared = collections.Counter(plain)
        self.display = [f"{name} [{tconst}]" if shared[name] > 1 else name for name, tconst in zip(plain, self.tconst)]
        self.by_key = collections.defaultdict(list)
        for movie, row in enumerate(kept):
            for key in {key_of(row["primaryTitle"]), key_of(row["originalTitle"])}:
                self.by_key[key].append(movie)

    def find(self, film):
        """The movie of a film "Title (Year)", at most one year apart, or None."""
        match = re.match(r"(.*?)\s*\((\d{4})\)$", film)
        found = [m for m in self.by_key.get(key_of(match[1]), []) if abs(self.year[m] - int(match[2])) <= 1] if match else []
        return min(found, key=lambda m: (abs(self.year[m] - int(match[2])), m), default=None)

    def find_all(self, films):
        return list(dict.fromkeys(movie for movie in map(self.find, films) if movie is not None))


def popularity(movies, queries, k=50):
    """For each query (a list of movies): the movies with the most votes, without the query's own."""
    return [[movie for movie in range(k + len(query)) if movie not in query][:k] for query in queries]


def genre_overlap(movies, queries, k=50):
    """The movies whose sets of genres have the highest mean cosine with those of the query's movies; ties by votes."""
    known = {}

    def cosines(mine):
        if mine not in known:
            known[mine] = [len(mine & other) / (len(mine) * len(other)) ** 0.5 if mine and other else 0.0
                           for other in movies.genres]
        return known[mine]

    result = []
    for query in queries:
        columns = [cosines(movies.genres[movie]) for movie in query] or [[0.0] * len(movies.genres)]
        score = [sum(values) for values in zip(*columns)]
        order = sorted((movie for movie in range(len(score)) if movie not in query), key=lambda m: (-score[m], m))
        result.append(order[:k])
    return result


def recall(found, wanted, k):
    """The mean share of the wanted movies among the first k found, in percent."""
    shares = [len(set(some) & set(those[:k])) / len(some) for those, some in zip(found, wanted) if some]
    return 100 * sum(shares) / max(len(shares), 1)
