//! A call of a function, and its reply.

use std::time::Duration;

use redis::{Cmd, Value};

use crate::error::RedisError;

/// How long a call waits unless it says otherwise: a server nearby replies within a millisecond.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// A call of a function: first its keys, then its arguments.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) command: Cmd,
    pub(crate) wait_max: Duration,
}

impl Call {
    /// A call with these keys.
    #[must_use]
    pub fn new<K: AsRef<[u8]>>(function: &str, keys: &[K]) -> Self {
        let mut command = redis::cmd("FCALL");
        command.arg(function).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        Self {
            command,
            wait_max: WAIT_MAX,
        }
    }

    /// One more argument, of bytes.
    #[must_use]
    pub fn bytes(mut self, argument: &[u8]) -> Self {
        self.command.arg(argument);
        self
    }

    /// One more argument, a number.
    #[must_use]
    pub fn number(mut self, argument: i64) -> Self {
        self.command.arg(argument);
        self
    }

    /// How long it waits for its reply.
    #[must_use]
    pub const fn within(mut self, wait_max: Duration) -> Self {
        self.wait_max = wait_max;
        self
    }
}

/// What a function returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing: `nil`, of a key that is not there, say.
    Nothing,
    /// A whole number, which is all that Lua's numbers become on their way.
    Number(i64),
    /// A text or bytes.
    Bytes(Vec<u8>),
    /// Several, one in the other if need be.
    List(Vec<Self>),
}

impl Reply {
    pub(crate) fn of(value: Value) -> Result<Self, RedisError> {
        Ok(match value {
            Value::Nil => Self::Nothing,
            Value::Int(number) => Self::Number(number),
            Value::BulkString(bytes) => Self::Bytes(bytes),
            Value::SimpleString(text) => Self::Bytes(text.into_bytes()),
            Value::Okay => Self::Bytes(b"OK".to_vec()),
            Value::Array(values) => {
                Self::List(values.into_iter().map(Self::of).collect::<Result<_, _>>()?)
            }
            _ => return Err(RedisError::Reply),
        })
    }

    /// The number, where a number is expected.
    ///
    /// # Errors
    /// When it is something else.
    pub fn number(self) -> Result<i64, RedisError> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(RedisError::Reply),
        }
    }

    /// The bytes, where bytes are expected.
    ///
    /// # Errors
    /// When it is something else.
    pub fn bytes(self) -> Result<Vec<u8>, RedisError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(RedisError::Reply),
        }
    }

    /// The list, where a list is expected.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(self) -> Result<Vec<Self>, RedisError> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(RedisError::Reply),
        }
    }

    /// The numbers, where a list of numbers is expected.
    ///
    /// # Errors
    /// When it is something else.
    pub fn numbers(self) -> Result<Vec<i64>, RedisError> {
        self.list()?.into_iter().map(Self::number).collect()
    }
}
