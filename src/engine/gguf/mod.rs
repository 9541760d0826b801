//! GGUF v3: the container of edge models.
