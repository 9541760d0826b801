//! The operations a model is made of, each in a folder of its own.
