//! From a text to features: the embedded table, surface features, and tokenizers of encoders.

mod bounds;
mod cut;
mod features;
mod folder_tokenizer;
mod static_table;
mod surface;
mod wordpiece;

pub use features::text_features;
pub use folder_tokenizer::PyFolderTokenizer;
pub use static_table::PyStaticTable;
pub use surface::SURFACE_FEATURES;
