"""llama.cpp's library of llama-cpp-python, for scripts that compare with it: logits, greedy texts, quantization. All
in float32 where the file is: the KV cache, too, and without flash attention."""
import ctypes

import llama_cpp
import numpy

GGML_F32 = 0
FLASH_ATTENTION_OFF = 0
_quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
llama_cpp.llama_log_set(_quiet, None)
llama_cpp.llama_backend_init()


class Model:
    """A GGUF file, with an adapter beside it if `lora` names one."""

    def __init__(self, path, n_ctx, lora=None):
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"llama.cpp does not load {path}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = n_ctx
        params.n_threads = params.n_threads_batch = 2
        params.type_k = params.type_v = GGML_F32
        params.flash_attn_type = FLASH_ATTENTION_OFF
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        if lora:
            adapter = llama_cpp.llama_adapter_lora_init(self.model, lora.encode())
            if not adapter or llama_cpp.llama_set_adapter_lora(self.context, adapter, 1.0) != 0:
                raise RuntimeError(f"llama.cpp does not load the adapter {lora}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)

    def append(self, ids, first):
        """The logits [ids, vocabulary] of ids at the positions from `first` on."""
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i] = token
            batch.pos[i] = first + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = 1
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama_decode failed")
        rows = [numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, i), (self.n_vocab,)).copy()
                for i in range(len(ids))]
        llama_cpp.llama_batch_free(batch)
        return numpy.stack(rows)

    def greedy(self, ids, n):
        """The n most likely tokens that follow."""
        logits, out = self.append(ids, 0)[-1], []
        for i in range(n):
            out.append(int(logits.argmax()))
            logits = self.append(out[-1:], len(ids) + i)[-1]
        return out


def quantize(path, out, file_type):
    """llama-quantize without an importance matrix."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.nthread = 2
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(path.encode(), out.encode(), ctypes.byref(params)) != 0:
        raise RuntimeError(f"llama.cpp does not quantize {path}")
