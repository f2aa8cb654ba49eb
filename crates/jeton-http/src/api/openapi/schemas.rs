use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

/// Where the schemas stand that others point to.
pub(super) const PLACE: &str = "/components/schemas";

/// Makes schemas of what is read and of what is written: a member that may be left out of a request may always be there in an answer.
pub(super) struct Schemas {
    pub(super) read: SchemaGenerator,
    pub(super) written: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Schemas {
        let generator = |contract: Contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = PLACE.into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Schemas { read: generator(Contract::Deserialize), written: generator(Contract::Serialize) }
    }

    pub(super) fn into_definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.read.take_definitions(true);
        definitions.extend(self.written.take_definitions(true));
        definitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::route::Answers;
    use crate::api::routes::ROUTES;

    /// What is read and written under one name has one shape, so that neither hides the other.
    #[test]
    fn one_name_is_one_shape() {
        let mut schemas = Schemas::new();
        for row in ROUTES.iter().copied().flatten() {
            row.about.takes.map(|takes| takes(&mut schemas.read));
            match row.answers {
                Answers::Json(_, schema) | Answers::Lines(schema) => drop(schema(&mut schemas.written)),
                Answers::Nothing | Answers::Text(_) => {}
            }
        }
        let (read, written) = (schemas.read.take_definitions(true), schemas.written.take_definitions(true));
        assert!(read.len() > 25 && written.len() > 25);
        for (name, schema) in &read {
            assert!(written.get(name).is_none_or(|other| other == schema), "{name} is read as {schema} and written as {}", written[name]);
        }
        // Two types of one name: the second gets a number.
        for name in read.keys().chain(written.keys()) {
            assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name}: give the type a name by #[schemars(rename = …)]");
        }
    }
}
