//! How the kernel's value types look on the wire.
//!
//! Duty: one encoding for each id, amount, price, instant and position. Prohibition: nothing
//! here accepts what the kernel type would refuse.

use crate::avro::{AvroType, DecodeError, Input, Wire, named_schema};
use kernel::{
    AdjustmentId, BetId, BonusId, CaseId, CashOutQuoteId, CorrelationId, Currency, CustomerId,
    DepositId, Digest, Duration, FixtureId, FreeBetId, MarketId, Money, Position, Price, RequestId,
    SelectionId, SessionId, Timestamp, Topic, TopicPartition, TransferId, WithdrawalId,
};

macro_rules! fixed {
    ($($type:ident = $size:literal),* $(,)?) => {$(
        impl Wire for $type {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.bytes());
            }
            #[inline]
            fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_bytes(input.take_array::<$size>()?))
            }
        }
        impl AvroType for $type {
            fn schema(seen: &mut Vec<&'static str>) -> String {
                named_schema(seen, stringify!($type), |_| {
                    format!(
                        "{{\"type\":\"fixed\",\"name\":\"{}\",\"size\":{}}}",
                        stringify!($type), $size,
                    )
                })
            }
        }
    )*};
}

fixed!(
    BetId = 16,
    BonusId = 16,
    CaseId = 16,
    CashOutQuoteId = 16,
    CorrelationId = 16,
    CustomerId = 16,
    DepositId = 16,
    Digest = 32,
    FixtureId = 16,
    FreeBetId = 16,
    MarketId = 16,
    RequestId = 16,
    SelectionId = 16,
    SessionId = 16,
    TransferId = 16,
    WithdrawalId = 16,
    AdjustmentId = 16,
);

impl Wire for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.micros().encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self::from_micros(input.long()?))
    }
}

impl AvroType for Timestamp {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}".to_owned()
    }
}

/// Microseconds.
impl Wire for Duration {
    fn encode(&self, out: &mut Vec<u8>) {
        self.micros().encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self::from_micros(input.long()?))
    }
}

impl AvroType for Duration {
    fn schema(_: &mut Vec<&'static str>) -> String {
        "\"long\"".to_owned()
    }
}

/// Writes an element of a closed list by its number in it.
fn put_index<T: PartialEq>(all: &[T], value: &T, out: &mut Vec<u8>) {
    let index = all.iter().position(|candidate| candidate == value);
    index
        .and_then(|index| i64::try_from(index).ok())
        .unwrap_or(i64::MAX)
        .encode(out);
}

/// Reads an element of a closed list by its number in it.
fn take_index<T: Copy>(
    all: &[T],
    type_name: &'static str,
    input: &mut Input<'_>,
) -> Result<T, DecodeError> {
    let index = input.long()?;
    usize::try_from(index)
        .ok()
        .and_then(|index| all.get(index).copied())
        .ok_or(DecodeError::UnknownBranch { type_name, index })
}

fn enum_schema(name: &str, symbols: impl Iterator<Item = String>) -> String {
    let symbols: Vec<String> = symbols.map(|symbol| format!("\"{symbol}\"")).collect();
    format!(
        "{{\"type\":\"enum\",\"name\":\"{name}\",\"symbols\":[{}]}}",
        symbols.join(",")
    )
}

impl Wire for Currency {
    fn encode(&self, out: &mut Vec<u8>) {
        put_index(Self::ALL, self, out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        take_index(Self::ALL, "Currency", input)
    }
}

impl AvroType for Currency {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "Currency", |_| {
            enum_schema(
                "Currency",
                Self::ALL.iter().map(|currency| currency.code().to_owned()),
            )
        })
    }
}

impl Wire for Topic {
    fn encode(&self, out: &mut Vec<u8>) {
        put_index(Self::ALL, self, out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        take_index(Self::ALL, "Topic", input)
    }
}

impl AvroType for Topic {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "Topic", |_| {
            enum_schema(
                "Topic",
                Self::ALL
                    .iter()
                    .map(|topic| topic.as_str().replace('.', "_")),
            )
        })
    }
}

impl Wire for Money {
    fn encode(&self, out: &mut Vec<u8>) {
        self.minor().encode(out);
        self.currency().encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self::from_minor(input.long()?, Currency::decode(input)?))
    }
}

impl AvroType for Money {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "Money", |seen| {
            format!(
                "{{\"type\":\"record\",\"name\":\"Money\",\"fields\":[\
                 {{\"name\":\"minor\",\"type\":\"long\"}},\
                 {{\"name\":\"currency\",\"type\":{}}}]}}",
                Currency::schema(seen)
            )
        })
    }
}

impl Wire for Price {
    fn encode(&self, out: &mut Vec<u8>) {
        self.numerator().encode(out);
        self.denominator().encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (numerator, denominator) = (input.long()?, input.long()?);
        let price =
            Self::ratio(numerator, denominator).map_err(|_| DecodeError::NotAllowed("Price"))?;
        // Lowest terms only: otherwise two encodings of one record would exist.
        if price.numerator() == numerator {
            Ok(price)
        } else {
            Err(DecodeError::NotAllowed("Price"))
        }
    }
}

impl AvroType for Price {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "Price", |_| {
            "{\"type\":\"record\",\"name\":\"Price\",\"fields\":[\
             {\"name\":\"numerator\",\"type\":\"long\"},\
             {\"name\":\"denominator\",\"type\":\"long\"}]}"
                .to_owned()
        })
    }
}

impl Wire for Position {
    fn encode(&self, out: &mut Vec<u8>) {
        self.topic.encode(out);
        self.partition.encode(out);
        self.offset.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: Topic::decode(input)?,
            partition: u16::decode(input)?,
            offset: u64::decode(input)?,
        })
    }
}

impl AvroType for Position {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "Position", |seen| {
            format!(
                "{{\"type\":\"record\",\"name\":\"Position\",\"fields\":[\
                 {{\"name\":\"topic\",\"type\":{}}},\
                 {{\"name\":\"partition\",\"type\":\"int\"}},\
                 {{\"name\":\"offset\",\"type\":\"long\"}}]}}",
                Topic::schema(seen)
            )
        })
    }
}

impl Wire for TopicPartition {
    fn encode(&self, out: &mut Vec<u8>) {
        self.topic.encode(out);
        self.partition.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: Topic::decode(input)?,
            partition: u16::decode(input)?,
        })
    }
}
