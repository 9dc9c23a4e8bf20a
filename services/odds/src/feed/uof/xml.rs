//! Small XML documents as trees, with bounds.
//!
//! Duty: elements and attributes, nothing else. Refused: document types (and with them every
//! entity that is not one of XML's own five), processing instructions, text that is not blank,
//! documents that are large, deep or wide. Prohibition: nothing is looked up outside the document.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Most bytes of a document.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Most elements inside each other.
pub const DEPTH_MAX: usize = 8;
/// Most elements of a document.
pub const ELEMENTS_MAX: usize = 100_000;
/// Most attributes of an element.
const ATTRIBUTES_MAX: usize = 64;

/// Why bytes are no document of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// More than there may be of something.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// Something that no message has.
    #[error("a message has no {0}")]
    Refused(&'static str),
    /// Not XML.
    #[error("not well-formed: {0}")]
    Malformed(String),
}

impl From<quick_xml::Error> for XmlError {
    fn from(error: quick_xml::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Self>,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The children of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Element, XmlError> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(XmlError::TooMany("bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotUtf8)?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0_usize;
    loop {
        let event = reader.read_event()?;
        let (start, ends) = match event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                let done = open.pop().ok_or(XmlError::Refused("such end"))?;
                close(done, &mut open, &mut root)?;
                continue;
            }
            Event::Eof => break,
            Event::Text(text) => {
                if text.trim().is_empty() {
                    continue;
                }
                return Err(XmlError::Refused("text"));
            }
            Event::Comment(_) | Event::Decl(_) => continue,
            Event::DocType(_) => return Err(XmlError::Refused("document type")),
            Event::GeneralRef(_) => return Err(XmlError::Refused("entity")),
            Event::CData(_) => return Err(XmlError::Refused("text")),
            Event::PI(_) => return Err(XmlError::Refused("processing instruction")),
        };
        elements = elements.saturating_add(1);
        if elements > ELEMENTS_MAX {
            return Err(XmlError::TooMany("elements"));
        }
        if open.len() >= DEPTH_MAX {
            return Err(XmlError::TooMany("elements inside each other"));
        }
        let element = element(&start)?;
        if ends {
            close(element, &mut open, &mut root)?;
        } else {
            open.push(element);
        }
    }
    if !open.is_empty() {
        return Err(XmlError::Refused("open end"));
    }
    root.ok_or(XmlError::Refused("lack of an element"))
}

fn element(start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| XmlError::Malformed(error.to_string()))?;
        if attributes.len() >= ATTRIBUTES_MAX {
            return Err(XmlError::TooMany("attributes"));
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| XmlError::Malformed(error.to_string()))?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element {
        name: start.name().as_ref().to_owned(),
        attributes,
        children: Vec::new(),
    })
}

fn close(
    element: Element,
    open: &mut [Element],
    root: &mut Option<Element>,
) -> Result<(), XmlError> {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    } else if root.replace(element).is_some() {
        return Err(XmlError::Refused("second root"));
    }
    Ok(())
}
