"""Random checkpoints of LLaMA's shape in the sizes of the benchmarks, and helpers for them."""
import json
import os
import shutil
import struct
import subprocess

from python_environment import BUILD, ROOT

FOLDER = os.path.join(BUILD, "random-models")
# hidden, intermediate, layers, heads, heads of keys and values, vocabulary. 135M is SmolLM2's, the largest TinyLlama's.
SHAPES = {"25M": (512, 1376, 6, 8, 8, 6400), "125M": (768, 2048, 12, 12, 12, 25600), "135M": (576, 1536, 30, 9, 3, 49152),
          "1.1B": (2048, 5632, 22, 32, 4, 32000)}
TIED = {"135M"}  # the embedding is the head, too


def config_of(shape):
    hidden, intermediate, layers, heads, kv_heads, vocab = SHAPES[shape]
    return {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocab, "hidden_size": hidden,
            "intermediate_size": intermediate, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": kv_heads, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "hidden_act": "silu", "tie_word_embeddings": shape in TIED, "bos_token_id": 1, "eos_token_id": 2,
            "dtype": "bfloat16"}


def multiplied_weights(shape):
    """Weights that each token is multiplied with: linear layers and head, without the embedding table."""
    hidden, intermediate, layers, heads, kv_heads, vocab = SHAPES[shape]
    attention = 2 * hidden * hidden + 2 * hidden * hidden // heads * kv_heads
    return layers * (attention + 3 * hidden * intermediate) + hidden * vocab


def make_model(shape):
    """The folder of the bfloat16 checkpoint, with the tokenizer of the mini base, which has fewer ids."""
    folder = os.path.join(FOLDER, shape)
    if os.path.exists(os.path.join(folder, "complete")):
        return folder
    os.makedirs(folder, exist_ok=True)
    config = os.path.join(FOLDER, f"{shape}.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump(config_of(shape), file)
    subprocess.run([os.path.join(ROOT, "scripts", "make-random-model"), config, folder, "BF16"], check=True,
                   env={**os.environ, "BUILD": BUILD})
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(os.path.join(ROOT, "testdata", "mini", name), folder)
    open(os.path.join(folder, "complete"), "w").close()
    return folder


def write_safetensors(path, tensors, metadata):
    """tensors: name to (dtype, shape, bytes)."""
    header, at = {"__metadata__": metadata}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


def machine():
    """One line that describes the machine."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL).stdout.strip() or "unknown"
    return f"{model}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, commit {commit}"


def add_level_option(parser):
    parser.add_argument("--isa", choices=["avx2", "avx512"], help="measure as on a processor with no more than this")


def limit_level(level):
    """Lets this process, its children and the libraries that they load use no wider instructions. llama.cpp is limited
    when it is built (environment merge-llama-avx2)."""
    if level is not None:
        wide = {"avx2": ("avx2", "AVX2"), "avx512": ("avx512", "AVX512_CORE")}[level]
        os.environ.update(MATINEE_ISA=level, ATEN_CPU_CAPABILITY=wide[0], ONEDNN_MAX_CPU_ISA=wide[1],
                          MKL_ENABLE_INSTRUCTIONS=level.upper())


def multiplies_bf16(level):
    """Whether bfloat16 products are fast: AVX512-BF16 is there and not switched off."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return level is None and "avx512_bf16" in file.read()


def limits(threads):
    """The present limits of this machine from build/tests/bench_kernels: bf16_operations and read_bytes, per second."""
    done = subprocess.run([os.path.join(BUILD, "tests", "bench_kernels"), str(threads), "--limits"], stdout=subprocess.PIPE,
                          text=True, check=True)
    return json.loads(done.stdout)


def run_measured(command, **options):
    """Runs a command; returns its output and its peak memory (VmHWM) in bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return text, usage.ru_maxrss * 1024
