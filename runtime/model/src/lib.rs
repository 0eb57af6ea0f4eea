//! GGUF files, tokenizers, chat templates and model architectures.
