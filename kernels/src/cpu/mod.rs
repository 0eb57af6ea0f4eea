//! The homes of kernels on a CPU, and how plain code is compiled for each of them.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
mod format;
pub(crate) mod portable;

/// Where kernels run. A value other than the portable one can only be had on a machine that has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home(pub(crate) Kind);

/// See [`Home`]; made in this file alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The name of each home, and what it takes; each wider than the one before it.
const NAMES: [(&str, &str); 3] =
    [("portable", "nothing"), ("avx2", "AVX2 and F16C"), ("avx512", "AVX-512 with its parts F, BW, DQ, VL and VNNI")];

impl Home {
    /// Plain Rust for the compiler's baseline: the truth the others are held against.
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// AVX2 with half conversions, where the machine has them.
    pub fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("f16c") {
            return Some(Self(Kind::Avx2));
        }
        None
    }

    /// AVX-512 with the products of bytes (VNNI), where the machine has them.
    pub fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if Self::avx2().is_some()
            && std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512vnni")
        {
            return Some(Self(Kind::Avx512));
        }
        None
    }

    /// All homes that this machine has, each wider than the one before it; the portable one first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        [Some(Self::portable()), Self::avx2(), Self::avx512()].into_iter().flatten()
    }

    /// The home that the environment names in `SGL_CPU`; the widest of this machine where it names none.
    ///
    /// # Errors
    /// If there is no home of that name, or the machine lacks what it needs.
    pub fn chosen() -> Result<Self, HomeError> {
        match std::env::var("SGL_CPU") {
            Ok(name) => Self::named(&name),
            Err(_) => Ok(Self::widest()),
        }
    }

    /// The same; the widest home where the environment names none that can be had. Who loads a model has said so before.
    pub fn detect() -> Self {
        Self::chosen().unwrap_or_else(|_| Self::widest())
    }

    /// A home by its [name](Self::name).
    ///
    /// # Errors
    /// As with [`Self::chosen`].
    pub fn named(name: &str) -> Result<Self, HomeError> {
        let Some((name, needs)) = NAMES.into_iter().find(|(known, _)| *known == name) else {
            return Err(HomeError::Unknown { name: name.to_owned() });
        };
        Self::all().find(|home| home.name() == name).ok_or(HomeError::Lacking { name, needs })
    }

    /// The last of [all](Self::all).
    pub fn widest() -> Self {
        Self::all().next_back().unwrap_or(Self::portable())
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }
}

/// Why the kernels that somebody asked for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeError {
    /// There are none of that name.
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The processor lacks instructions.
    Lacking {
        /// What was asked for.
        name: &'static str,
        /// What it takes.
        needs: &'static str,
    },
}

impl std::fmt::Display for HomeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name } => {
                write!(
                    f,
                    "SGL_CPU={name} names no kernels; there are {}",
                    NAMES.map(|(name, _)| format!("`{name}`")).join(", ")
                )
            }
            Self::Lacking { name, needs } => {
                write!(f, "SGL_CPU={name} asks for kernels that need {needs}, which this processor lacks; unset it")
            }
        }
    }
}

impl std::error::Error for HomeError {}

/// Compiles a plain function once for each home and calls the one of its first argument. The same source without
/// fused operations gives the same bits; the wider home only lets the compiler use wider registers.
macro_rules! for_each_home {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "the home and what the kernel takes")]
        $vis fn $name(home: $crate::cpu::Home, $($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn plain($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,f16c")]
            fn avx2($($arg: $ty),*) $(-> $ret)? {
                plain($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
            fn avx512($($arg: $ty),*) $(-> $ret)? {
                plain($($arg),*)
            }

            match home.0 {
                $crate::cpu::Kind::Portable => plain($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a home of this kind is only made where the features were detected.
                #[allow(unsafe_code)]
                $crate::cpu::Kind::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                #[allow(unsafe_code)]
                $crate::cpu::Kind::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}
pub(crate) use for_each_home;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_by_name() {
        for (home, (name, _)) in Home::all().zip(NAMES) {
            assert_eq!((home.name(), Home::named(name)), (name, Ok(home)));
        }
        assert_eq!(Home::all().last(), Some(Home::widest()));
        let error = Home::named("amx").unwrap_err();
        assert_eq!(error.to_string(), "SGL_CPU=amx names no kernels; there are `portable`, `avx2`, `avx512`");
    }
}
