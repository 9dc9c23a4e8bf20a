//! Avro's binary encoding, written directly.
//!
//! Duty: encode and decode the few Avro types that we use, and write their schema text. The
//! `wire!` macro derives all three from one declaration, so that they cannot drift apart.
//!
//! Prohibition: no reflection and no intermediate value tree; a ledger decodes a million of
//! these a second. Decoding never panics and never trusts a length that it has not checked.

use std::collections::BTreeMap;

/// Why bytes are not the record that they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within a value.
    #[error("the bytes end within a value")]
    UnexpectedEnd,
    /// Bytes follow the last value.
    #[error("{0} bytes follow the last value")]
    TrailingBytes(usize),
    /// An integer that is too long or out of the field's range.
    #[error("an integer of type {0} is out of range")]
    IntegerOutOfRange(&'static str),
    /// A branch of a union or a symbol of an enum that this reader does not know.
    #[error("{type_name} has no branch {index}")]
    UnknownBranch {
        /// The union or enum.
        type_name: &'static str,
        /// The number found.
        index: i64,
    },
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// A value that its type does not allow.
    #[error("the value of a {0} is not allowed")]
    NotAllowed(&'static str),
    /// The first byte is not the framing's zero.
    #[error("the record does not begin with the framing byte")]
    NotFramed,
    /// A schema id that is not registered for this topic. The message tells the id that stood on
    /// the wire, which may be a foreign one (see [`crate::WireIds::from_wire`]).
    #[error("schema id {} is unknown here", crate::wire_ids::told(*.0))]
    UnknownSchema(u32),
}

/// The bytes that are left to decode.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been decoded yet.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Takes so many bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes a fixed number of bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes a zigzag variable-length integer: Avro's int and long.
    ///
    /// # Errors
    /// The bytes end, or the integer is longer than 64 bits.
    pub fn long(&mut self) -> Result<i64, DecodeError> {
        let mut value: u64 = 0;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            let shift = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(7);
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(DecodeError::IntegerOutOfRange("long"));
            }
            value |= bits.checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index.saturating_add(1)..).unwrap_or(&[]);
                let magnitude = i64::try_from(value >> 1).unwrap_or(i64::MAX);
                return Ok(if value & 1 == 1 {
                    !magnitude
                } else {
                    magnitude
                });
            }
        }
        if self.rest.len() < 10 {
            Err(DecodeError::UnexpectedEnd)
        } else {
            Err(DecodeError::IntegerOutOfRange("long"))
        }
    }

    /// Takes a length and checks that it can be true.
    fn length(&mut self) -> Result<usize, DecodeError> {
        let length =
            usize::try_from(self.long()?).map_err(|_| DecodeError::IntegerOutOfRange("length"))?;
        if length > self.rest.len() {
            Err(DecodeError::UnexpectedEnd)
        } else {
            Ok(length)
        }
    }

    /// Requires that nothing is left.
    ///
    /// # Errors
    /// Something is.
    pub fn end(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes(self.rest.len()))
        }
    }
}

/// A type with an Avro encoding.
pub trait Wire: Sized {
    /// Appends the encoding.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes one value.
    ///
    /// # Errors
    /// The bytes are not such a value.
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError>;

    /// The encoding alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// One value and nothing after it.
    ///
    /// # Errors
    /// The bytes are not exactly such a value.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(bytes);
        let value = Self::decode(&mut input)?;
        input.end()?;
        Ok(value)
    }
}

/// A wire type that a schema can describe.
pub trait AvroType: Wire {
    /// The schema as JSON text. A named type is written in full where it first appears and by
    /// its name afterwards; `seen` holds the names that have been written.
    fn schema(seen: &mut Vec<&'static str>) -> String;
}

/// Writes a named type in full the first time and by name afterwards.
pub fn named_schema(
    seen: &mut Vec<&'static str>,
    name: &'static str,
    in_full: impl FnOnce(&mut Vec<&'static str>) -> String,
) -> String {
    if seen.contains(&name) {
        return format!("\"{name}\"");
    }
    seen.push(name);
    in_full(seen)
}

/// Appends a zigzag variable-length integer.
fn put_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = value.cast_unsigned().wrapping_shl(1) ^ (value >> 63).cast_unsigned();
    while rest >= 0x80 {
        out.push(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low_byte(rest));
}

/// The lowest byte of an integer.
const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_long(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}

impl Wire for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        put_long(*self, out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        input.long()
    }
}

impl AvroType for i64 {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"long\"".to_owned()
    }
}

macro_rules! narrower_integers {
    ($($type:ty = $schema:literal),*) => {$(
        impl Wire for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                put_long(i64::from(*self), out);
            }
            fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
                Self::try_from(input.long()?)
                    .map_err(|_| DecodeError::IntegerOutOfRange(stringify!($type)))
            }
        }
        impl AvroType for $type {
            fn schema(_: &mut Vec<&'static str>) -> String {
                concat!("\"", $schema, "\"").to_owned()
            }
        }
    )*};
}

narrower_integers!(u8 = "int", u16 = "int", i32 = "int", u32 = "long");

/// Counters and offsets. They stay below 2^63 by construction.
impl Wire for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        put_long(i64::try_from(*self).unwrap_or(i64::MAX), out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Self::try_from(input.long()?).map_err(|_| DecodeError::IntegerOutOfRange("u64"))
    }
}

impl AvroType for u64 {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"long\"".to_owned()
    }
}

impl Wire for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.take_array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(DecodeError::NotAllowed("boolean")),
        }
    }
}

impl AvroType for bool {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"boolean\"".to_owned()
    }
}

impl Wire for String {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let length = input.length()?;
        let text = std::str::from_utf8(input.take(length)?).map_err(|_| DecodeError::NotUtf8)?;
        Ok(text.to_owned())
    }
}

impl AvroType for String {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"string\"".to_owned()
    }
}

/// Opaque bytes: ciphertext, keys. (A `Vec<u8>` would be an array of integers.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Wire for Blob {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(&self.0, out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let length = input.length()?;
        Ok(Self(input.take(length)?.to_vec()))
    }
}

impl AvroType for Blob {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"bytes\"".to_owned()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(2);
                value.encode(out);
            }
        }
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.long()? {
            0 => Ok(None),
            1 => Ok(Some(T::decode(input)?)),
            index => Err(DecodeError::UnknownBranch {
                type_name: "optional",
                index,
            }),
        }
    }
}

impl<T: AvroType> AvroType for Option<T> {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        format!("[\"null\",{}]", T::schema(seen))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        if !self.is_empty() {
            put_long(i64::try_from(self.len()).unwrap_or(i64::MAX), out);
            for item in self {
                item.encode(out);
            }
        }
        out.push(0);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let mut items = Self::new();
        loop {
            let mut count = input.long()?;
            if count == 0 {
                return Ok(items);
            }
            if count < 0 {
                // Other writers may put the block's size in bytes after a negative count.
                count = count
                    .checked_neg()
                    .ok_or(DecodeError::IntegerOutOfRange("count"))?;
                input.long()?;
            }
            // Every item of ours takes at least a byte, so a count above what is left is a lie.
            let left = i64::try_from(input.rest.len()).unwrap_or(i64::MAX);
            if count > left {
                return Err(DecodeError::UnexpectedEnd);
            }
            items.reserve(usize::try_from(count).unwrap_or(0));
            for _ in 0..count {
                items.push(T::decode(input)?);
            }
        }
    }
}

impl<T: AvroType> AvroType for Vec<T> {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        format!("{{\"type\":\"array\",\"items\":{}}}", T::schema(seen))
    }
}

/// Pairs and maps are for snapshots, which only we read; no schema describes them.
impl<A: Wire, B: Wire> Wire for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok((A::decode(input)?, B::decode(input)?))
    }
}

impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_long(i64::try_from(self.len()).unwrap_or(i64::MAX), out);
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let count = input.long()?;
        let mut map = Self::new();
        for _ in 0..count {
            map.insert(K::decode(input)?, V::decode(input)?);
        }
        Ok(map)
    }
}

/// Declares wire types: each `record`, `enum` and `union` gets its Rust type, its Avro encoding
/// and its schema text from the one declaration.
#[macro_export]
macro_rules! wire {
    () => {};
    (
        $(#[$meta:meta])* record $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, clippy::allow_attributes, reason = "the type's own text tells its fields")]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl $crate::Wire for $name {
            #[inline]
            #[allow(unused_variables, clippy::allow_attributes, reason = "a record may have no fields")]
            fn encode(&self, out: &mut Vec<u8>) {
                $($crate::Wire::encode(&self.$field, out);)*
            }
            #[inline]
            #[allow(unused_variables, clippy::allow_attributes, reason = "a record may have no fields")]
            fn decode(input: &mut $crate::Input<'_>) -> Result<Self, $crate::DecodeError> {
                Ok(Self { $($field: $crate::Wire::decode(input)?,)* })
            }
        }

        impl $crate::AvroType for $name {
            fn schema(seen: &mut Vec<&'static str>) -> String {
                $crate::named_schema(seen, stringify!($name), |_seen| {
                    let fields: Vec<String> = vec![
                        $(format!(
                            "{{\"name\":\"{}\",\"type\":{}}}",
                            stringify!($field),
                            <$type as $crate::AvroType>::schema(_seen),
                        ),)*
                    ];
                    format!(
                        "{{\"type\":\"record\",\"name\":\"{}\",\"fields\":[{}]}}",
                        stringify!($name),
                        fields.join(","),
                    )
                })
            }
        }

        $crate::wire! { $($rest)* }
    };
    (
        $(#[$meta:meta])* enum $name:ident {
            $($(#[$symbol_meta:meta])* $symbol:ident),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, clippy::allow_attributes, reason = "the type's own text tells its fields")]
        pub enum $name { $($(#[$symbol_meta])* $symbol,)* }

        impl $crate::Wire for $name {
            #[inline]
            #[expect(clippy::as_conversions, reason = "a symbol's number is its discriminant")]
            fn encode(&self, out: &mut Vec<u8>) {
                $crate::Wire::encode(&(*self as i64), out);
            }
            #[inline]
            #[expect(clippy::as_conversions, reason = "a symbol's number is its discriminant")]
            fn decode(input: &mut $crate::Input<'_>) -> Result<Self, $crate::DecodeError> {
                let index = input.long()?;
                $(if index == Self::$symbol as i64 { return Ok(Self::$symbol); })*
                Err($crate::DecodeError::UnknownBranch { type_name: stringify!($name), index })
            }
        }

        impl $crate::AvroType for $name {
            fn schema(seen: &mut Vec<&'static str>) -> String {
                $crate::named_schema(seen, stringify!($name), |_| {
                    let symbols = [$(concat!("\"", stringify!($symbol), "\""),)*];
                    format!(
                        "{{\"type\":\"enum\",\"name\":\"{}\",\"symbols\":[{}]}}",
                        stringify!($name),
                        symbols.join(","),
                    )
                })
            }
        }

        $crate::wire! { $($rest)* }
    };
    (
        $(#[$meta:meta])* union $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident($type:ty)),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, clippy::allow_attributes, reason = "a branch's record tells it")]
        pub enum $name { $($(#[$variant_meta])* $variant($type),)* }

        const _: () = {
            enum Branch { $($variant,)* }

            impl $crate::Wire for $name {
                #[inline]
                #[allow(clippy::as_conversions, clippy::allow_attributes, reason = "a branch's number is its discriminant")]
                fn encode(&self, out: &mut Vec<u8>) {
                    match self {
                        $(Self::$variant(value) => {
                            $crate::Wire::encode(&(Branch::$variant as i64), out);
                            $crate::Wire::encode(value, out);
                        })*
                    }
                }
                #[inline]
                #[allow(clippy::as_conversions, clippy::allow_attributes, reason = "a branch's number is its discriminant")]
                fn decode(input: &mut $crate::Input<'_>) -> Result<Self, $crate::DecodeError> {
                    let index = input.long()?;
                    $(if index == Branch::$variant as i64 {
                        return Ok(Self::$variant($crate::Wire::decode(input)?));
                    })*
                    Err($crate::DecodeError::UnknownBranch { type_name: stringify!($name), index })
                }
            }
        };

        impl $crate::AvroType for $name {
            fn schema(seen: &mut Vec<&'static str>) -> String {
                let branches = [$(<$type as $crate::AvroType>::schema(seen),)*];
                format!("[{}]", branches.join(","))
            }
        }

        $crate::wire! { $($rest)* }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    wire! {
        /// One of each.
        record Sample { number: i64, name: String, perhaps: Option<u16>, kinds: Vec<Colour>, thing: Thing }
        /// Symbols.
        enum Colour { Red, Green }
        /// Branches.
        union Thing { Pair(Pair), Empty(Empty) }
        /// Two numbers.
        record Pair { left: i64, right: i64 }
        /// No field.
        record Empty {}
    }

    #[test]
    fn known_encodings() {
        assert_eq!(0_i64.to_bytes(), [0]);
        assert_eq!((-1_i64).to_bytes(), [1]);
        assert_eq!(64_i64.to_bytes(), [0x80, 0x01]);
        assert_eq!(i64::MIN.to_bytes().len(), 10);
        assert_eq!(vec![3_i64, 27].to_bytes(), [0x04, 0x06, 0x36, 0x00]);
        assert_eq!("foo".to_owned().to_bytes(), [0x06, 0x66, 0x6f, 0x6f]);
    }

    #[test]
    fn lying_lengths_are_refused_without_allocating() {
        let huge_text = i64::MAX.to_bytes();
        assert_eq!(
            String::from_bytes(&huge_text),
            Err(DecodeError::UnexpectedEnd)
        );
        assert_eq!(
            Vec::<i64>::from_bytes(&huge_text),
            Err(DecodeError::UnexpectedEnd)
        );
    }

    #[test]
    fn sized_blocks_of_other_writers_are_read() {
        assert_eq!(
            Vec::<i64>::from_bytes(&[0x03, 0x04, 0x06, 0x36, 0x00]),
            Ok(vec![3, 27])
        );
    }

    fn samples() -> impl Strategy<Value = Sample> {
        let thing = prop_oneof![
            (any::<i64>(), any::<i64>())
                .prop_map(|(left, right)| Thing::Pair(Pair { left, right })),
            Just(Thing::Empty(Empty {})),
        ];
        let kinds =
            proptest::collection::vec(prop_oneof![Just(Colour::Red), Just(Colour::Green)], 0..4);
        (any::<i64>(), ".*", any::<Option<u16>>(), kinds, thing).prop_map(
            |(number, name, perhaps, kinds, thing)| Sample {
                number,
                name,
                perhaps,
                kinds,
                thing,
            },
        )
    }

    proptest! {
        #[test]
        fn round_trip(sample in samples()) {
            prop_assert_eq!(Sample::from_bytes(&sample.to_bytes()), Ok(sample));
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(sample) = Sample::from_bytes(&bytes) {
                prop_assert_eq!(Sample::from_bytes(&sample.to_bytes()), Ok(sample));
            }
        }
    }
}
