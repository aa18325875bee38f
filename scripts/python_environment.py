"""Virtual environments with packages from PyPI, for the scripts that compare with other implementations. They are
created under BUILD when they are first needed. Python is used for tests and benchmarks only."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
REAL_DATA = os.environ.get("REAL_DATA", os.path.join(ROOT, "..", "shared", "data"))
# By name of the environment. llama-cpp-python is built from source in some minutes, for this processor or, in
# merge-llama-avx2, for any with AVX2.
PACKAGES = {
    "clients": ["openai==3.57.0", "llm==0.36"],
    "data": ["polars==2.1.0", "duckdb==2.0.1", "pyarrow==26.0.1", "numpy==2.4.6"],
    "faiss": ["faiss-cpu==1.15.1", "numpy==2.4.6"],
    "hf": ["torch==2.9.1", "transformers==5.24.0", "peft==0.21.2", "safetensors==0.8.0", "numpy==2.4.6"],
    "maps": ["umap-learn==0.5.12", "scikit-learn==1.9.1", "safetensors==0.8.0", "numpy==2.4.6"],
    "merge-llama": ["llama-cpp-python==0.3.36", "gguf==0.17.1", "numpy==2.4.6", "jinja2"],
    "merge-llama-avx2": ["llama-cpp-python==0.3.36"],
    "merge-transformers": ["torch==2.9.1", "transformers", "safetensors", "numpy"],
    "quantize": ["torch==2.9.1", "bitsandbytes==0.49.2", "safetensors", "numpy"],
    "page": ["playwright==1.65.2", "axe-playwright-python==0.1.8"],
    "tokenizers": ["tokenizers==0.23.3", "tiktoken==0.14.0", "sentencepiece==0.2.3", "protobuf", "gigatoken==0.10.0"],
}

BUILD_OPTIONS = {"merge-llama-avx2": {"CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_AVX512=OFF", "PIP_NO_CACHE_DIR": "1"}}


def environment(name):
    """The environment's Python."""
    venv = os.path.join(BUILD, f"{name}-venv")
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(os.path.join(venv, "complete")):
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True,
                       env={**os.environ, **BUILD_OPTIONS.get(name, {})})
        open(os.path.join(venv, "complete"), "w").close()
    return python


def enter(name, script):
    """Runs the script again in the environment, unless it already runs there."""
    if os.path.abspath(sys.prefix) != os.path.abspath(os.path.join(BUILD, f"{name}-venv")):
        python = environment(name)
        os.execv(python, [python, os.path.abspath(script), *sys.argv[1:]])


def versions(name, packages):
    """"torch 2.9.1, peft 0.21.2" of the installed packages."""
    program = ("import sys, importlib.metadata as m\n"
               "print(', '.join(f'{name} {m.version(name)}' for name in sys.argv[1:]))")
    return subprocess.run([environment(name), "-c", program, *packages], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
