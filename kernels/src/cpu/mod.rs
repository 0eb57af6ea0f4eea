//! The homes of kernels on a CPU, and how plain code is compiled for each of them.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
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
}

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

    /// The widest home of this machine, or the portable one if the environment says `SGL_KERNELS=portable`.
    pub fn detect() -> Self {
        if std::env::var_os("SGL_KERNELS").is_some_and(|value| value == "portable") {
            return Self::portable();
        }
        Self::avx2().unwrap_or(Self::portable())
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
        }
    }
}

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

            match home.0 {
                $crate::cpu::Kind::Portable => plain($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a home of this kind is only made where the features were detected.
                #[allow(unsafe_code)]
                $crate::cpu::Kind::Avx2 => unsafe { avx2($($arg),*) },
            }
        }
    };
}
pub(crate) use for_each_home;
