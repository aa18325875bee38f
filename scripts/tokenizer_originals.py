"""The original implementations for scripts/compare-tokenizers and scripts/bench-tokenize, one per family.

Vocabularies are from REAL_DATA. Those that are missing there are made in the same form: with the same tokens, or
trained on the film extracts by the original's own trainer.
"""
import base64
import json
import os

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# A pattern that no family here uses; it runs on PCRE2 (tiktoken's o200k_base).
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
MARK = "\u2581"


class Family:
    """Our tokenizer's file, the original (texts -> ids), whether it takes bytes, and the added tokens as texts."""

    def __init__(self, path, original, takes_bytes=False, added=()):
        self.path, self.original, self.takes_bytes, self.added = path, original, takes_bytes, added


def byte_of_spelling():
    printable = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    spelling, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            spelling[chr(byte)] = byte
        else:
            spelling[chr(0x100 + extra)] = byte
            extra += 1
    return spelling


def gpt2_ranks(folder):
    spelling = byte_of_spelling()
    with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as file:
        vocabulary = json.load(file)
    return {bytes(spelling[c] for c in token): rank for token, rank in vocabulary.items() if token != "<|endoftext|>"}


def huggingface(path):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(path)
    tokenizer.encode_special_tokens = True  # special tokens in a text are plain text, as in ours
    return lambda texts: [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]


def tiktoken_of(ranks, pattern, special):
    import tiktoken
    encoding = tiktoken.Encoding("ours", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)

    def ids_of(text):
        try:
            return encoding.encode_ordinary(text)
        except BaseException as error:  # its regular expressions overflow the stack on a megabyte without a break
            if "StackOverflow" not in str(error):
                raise
            return None

    return lambda texts: [ids_of(text) for text in texts]


def sentencepiece_of(path):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    return lambda texts: [processor.EncodeAsIds(text) for text in texts]


# ---- Files that are made ---------------------------------------------------------------------------------------------
def once(make):
    """A file or folder that is created if it is missing; `make` gets self and its path."""

    def made(self, name):
        path = os.path.join(self.work, name)
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            make(self, path)
        return path

    return made


class Families:
    """All families by name. `extracts`: film extracts, to train on."""

    def __init__(self, data, work, extracts):
        self.work, self.extracts = work, extracts
        tokenizers = os.path.join(data, "tokenizers")
        self.gpt2, self.qwen = os.path.join(tokenizers, "gpt2"), os.path.join(tokenizers, "qwen2")
        self.llama2 = os.path.join(tokenizers, "llama2", "tokenizer.model")
        self.mistral = os.path.join(tokenizers, "mistral_7b", "tokenizer.json")

    def all(self):
        gpt2_json = os.path.join(self.gpt2, "tokenizer.json")

        def same_file(path, **more):
            return Family(path, lambda: huggingface(path), **more)

        crlf = os.path.dirname(self.crlf("gpt2-crlf/merges.txt"))
        llama3 = self.llama3_model("llama3-kind/tokenizer.model")
        spaced = self.sentencepiece_model("sentencepiece-trained/tokenizer.model")
        single = self.sentencepiece_single_spaces("sentencepiece-single-spaces/tokenizer.model")
        extra = [f"<|extratoken_{i}|>" for i in (1, 17, 143)]
        return {
            "gpt2": same_file(gpt2_json),
            "gptj": same_file(self.gptj("gptj/tokenizer.json"), added=extra),
            "gpt2-vocab-merges": Family(crlf, lambda: tiktoken_of(gpt2_ranks(self.gpt2), GPT2, {"<|endoftext|>": 50256})),
            "llama3-kind": Family(llama3, lambda: tiktoken_of(gpt2_ranks(self.gpt2), LLAMA3, {})),
            "llama3-json": same_file(self.llama3_json("llama3-json/tokenizer.json")),
            "qwen2": Family(self.qwen, lambda: huggingface(self.qwen2_json("qwen2-json/tokenizer.json"))),
            "qwen3-json": same_file(self.qwen3_json("qwen3-json/tokenizer.json"), added=["<think>", "</think>"]),
            "smollm-kind": same_file(self.smollm_json("smollm-kind/tokenizer.json")),
            "o200k-pattern": same_file(self.o200k_json("o200k-pattern/tokenizer.json")),
            "added-tokens": same_file(self.added_json("added-tokens/tokenizer.json"), added=["[one]", "[left]", "[right]", "Naïve"]),
            "llama2": Family(self.llama2, lambda: sentencepiece_of(self.llama2), takes_bytes=True),
            "sentencepiece-trained": Family(spaced, lambda: sentencepiece_of(spaced), takes_bytes=True, added=["[user]", "<sep>"]),
            "sentencepiece-single-spaces": Family(single, lambda: sentencepiece_of(single), takes_bytes=True),
            "tinyllama-json": same_file(self.tinyllama_json("tinyllama-json/tokenizer.json")),
            "mistral_7b": same_file(self.mistral),
            "metaspace-always": same_file(self.metaspace_json("metaspace-always/tokenizer.json")),
        }

    @once
    def crlf(self, path):
        with open(os.path.join(self.gpt2, "merges.txt"), encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file if not line.startswith("#version")]
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("\r\n".join(lines) + "\r\n")
        with open(os.path.join(self.gpt2, "vocab.json"), "rb") as source, \
                open(os.path.join(os.path.dirname(path), "vocab.json"), "wb") as file:
            file.write(source.read())

    @once
    def large_tiktoken(self, path):
        """The first 128,000 tokens of Qwen 2, as many as Llama 3 has, as lines in tiktoken's format."""
        spelling = byte_of_spelling()
        with open(os.path.join(self.qwen, "vocab.json"), encoding="utf-8") as file:
            tokens = sorted(json.load(file).items(), key=lambda item: item[1])[:128_000]
        with open(path, "w", encoding="ascii") as file:
            for token, rank in tokens:
                file.write(f"{base64.b64encode(bytes(spelling[c] for c in token)).decode()} {rank}\n")

    @once
    def llama3_model(self, path):
        """A file in Llama 3's format with GPT-2's tokens, since Llama 3's own file is not available."""
        with open(path, "w", encoding="ascii") as file:
            for token, rank in sorted(gpt2_ranks(self.gpt2).items(), key=lambda item: item[1]):
                file.write(f"{base64.b64encode(token).decode()} {rank}\n")

    def read_gpt2(self):
        with open(os.path.join(self.gpt2, "tokenizer.json"), encoding="utf-8") as file:
            return json.load(file)

    @staticmethod
    def write(path, tokenizer):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tokenizer, file, ensure_ascii=False)

    @once
    def gptj(self, path):
        tokenizer = self.read_gpt2()
        for i in range(1, 144):
            tokenizer["added_tokens"].append({"id": 50256 + i, "content": f"<|extratoken_{i}|>", "single_word": False, "lstrip": False,
                                              "rstrip": False, "normalized": True, "special": False})
        self.write(path, tokenizer)

    @once
    def llama3_json(self, path):
        tokenizer = self.read_gpt2()
        tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}
        model = tokenizer["model"]
        model["ignore_merges"] = True
        merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        # No merge can produce these tokens; they are found only by looking up whole pieces.
        model["merges"] = [pair for pair in merges if "".join(pair) not in ("Ġmovie", "Ġthe", "Heat")]
        self.write(path, tokenizer)

    @once
    def qwen2_json(self, path):
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
        tokenizer = Tokenizer(models.BPE.from_file(os.path.join(self.qwen, "vocab.json"), os.path.join(self.qwen, "merges.txt")))
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                                                           pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.save(path)

    @once
    def qwen3_json(self, path):
        """Qwen 3 adds tokens that are not special to Qwen 2's."""
        with open(self.qwen2_json("qwen2-json/tokenizer.json"), encoding="utf-8") as file:
            tokenizer = json.load(file)
        first = max(tokenizer["model"]["vocab"].values()) + 1
        for i, (content, special) in enumerate([("<|endoftext|>", True), ("<|im_start|>", True), ("<think>", False), ("</think>", False)]):
            tokenizer["added_tokens"].append({"id": first + i, "content": content, "single_word": False, "lstrip": False,
                                              "rstrip": False, "normalized": False, "special": special})
        self.write(path, tokenizer)

    def train_bytes(self, path, pre_tokenizer, added=(), size=6000):
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, special_tokens=["<|eos|>"],
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
        tokenizer.train_from_iterator((text for _, text in zip(range(8000), self.extracts())), trainer)
        tokenizer.add_tokens(list(added))
        tokenizer.save(path)

    @once
    def smollm_json(self, path):
        from tokenizers import pre_tokenizers
        self.train_bytes(path, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]))

    @once
    def o200k_json(self, path):
        from tokenizers import Regex, pre_tokenizers
        self.train_bytes(path, pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(O200K), "isolated"),
                                                        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))

    @once
    def added_json(self, path):
        from tokenizers import AddedToken, pre_tokenizers
        self.train_bytes(path, pre_tokenizers.ByteLevel(add_prefix_space=True), [
            AddedToken("[one]", single_word=True), AddedToken("[left]", lstrip=True), AddedToken("[right]", rstrip=True),
            AddedToken("Naïve", normalized=True)])

    def train_sentencepiece(self, path, **options):
        import sentencepiece
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text.replace("\n", " ") for _, text in zip(range(8000), self.extracts())),
            model_prefix=path.removesuffix(".model"), model_type="bpe", byte_fallback=True, character_coverage=0.9995,
            normalization_rule_name="identity", minloglevel=2, **options)

    @once
    def sentencepiece_model(self, path):
        self.train_sentencepiece(path, vocab_size=6000, split_digits=True, remove_extra_whitespaces=False,
                                 allow_whitespace_only_pieces=True, user_defined_symbols=["[user]", "<sep>"])

    @once
    def sentencepiece_single_spaces(self, path):
        self.train_sentencepiece(path, vocab_size=3000, remove_extra_whitespaces=True, add_dummy_prefix=False)

    @once
    def tinyllama_json(self, path):
        """LLaMA-2's tokenizer.model as a tokenizer.json like transformers makes: merges ordered by their results."""
        import sentencepiece
        processor = sentencepiece.SentencePieceProcessor(model_file=self.llama2)
        pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
        ids = {piece: i for i, piece in enumerate(pieces)}
        merges = []
        for i, piece in enumerate(pieces):
            if i < 259:
                continue
            pairs = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece)) if piece[:cut] in ids and piece[cut:] in ids]
            merges += sorted(pairs, key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        special = [{"id": i, "content": pieces[i], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                    "special": True} for i in range(3)]
        self.write(path, {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": MARK}, {"type": "Replace", "pattern": {"String": " "}, "content": MARK}]},
            "pre_tokenizer": None, "post_processor": None,
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": MARK}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": ids,
                      "merges": [list(pair) for pair in merges]}})

    @once
    def metaspace_json(self, path):
        """Mistral's vocabulary with the Metaspace of older files, which splits."""
        with open(self.mistral, encoding="utf-8") as file:
            tokenizer = json.load(file)
        tokenizer["pre_tokenizer"] = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
        self.write(path, tokenizer)
