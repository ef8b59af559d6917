//! Enums whose variants have names.

/// Gives each variant of an enum a name: `ALL` in the order listed, `as_str`, `Display`, and
/// `FromStr`, which refuses other names with [`Invalid`](crate::Invalid).
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Colour {
///     Red,
///     Green,
/// }
/// messplus_base::names!(Colour: "colour" { Red => "red", Green => "green" });
///
/// assert_eq!(Colour::ALL.map(Colour::as_str), ["red", "green"]);
/// assert_eq!("green".parse(), Ok(Colour::Green));
/// let refusal = "blue".parse::<Colour>().unwrap_err();
/// assert_eq!(refusal.to_string(), "colour: must be one of red, green, got \"blue\"");
/// ```
#[macro_export]
macro_rules! names {
    ($enum:ident: $field:literal {
        $first:ident => $first_name:literal $(, $variant:ident => $name:literal)* $(,)?
    }) => {
        impl $enum {
            /// Every variant, in the order listed.
            pub const ALL: [Self; [$first_name $(, $name)*].len()] =
                [Self::$first $(, Self::$variant)*];

            /// The name used in Python, in messages and in files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl ::core::fmt::Display for $enum {
            fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl ::core::str::FromStr for $enum {
            type Err = $crate::Invalid;

            fn from_str(name: &str) -> ::core::result::Result<Self, $crate::Invalid> {
                const RULE: &str = concat!("must be one of ", $first_name $(, ", ", $name)*);
                match name {
                    $first_name => Ok(Self::$first),
                    $($name => Ok(Self::$variant),)*
                    other => Err($crate::Invalid::new($field, RULE, format_args!("{other:?}"))),
                }
            }
        }
    };
}
