use super::records;
use super::types;
use gatewright_runtime::codegen as rt;

/// A `Price`, as it is read.
pub struct Price<'a> {
    /// Its `amount`.
    pub amount: rt::Raw<'a>,
    /// Its `currency`.
    pub currency: rt::Raw<'a>,
    /// Its `tax`.
    pub tax: rt::Maybe<rt::Raw<'a>>,
}

impl<'a> Price<'a> {
    /// Reads one.
    pub fn read(reader: &mut rt::Reader<'a>) -> rt::Read<Self> {
        let mut slot_amount = rt::Maybe::Absent;
        let mut slot_currency = rt::Maybe::Absent;
        let mut slot_tax = rt::Maybe::Absent;
        let mut object = reader.object()?;
        while let Some(place) = reader
            .member(&mut object, &["amount", "currency", "tax"])?
        {
            match place {
                0 => {
                    reader.leaf(&mut slot_amount, types::decimal_9_2)?;
                }
                1 => {
                    reader.leaf(&mut slot_currency, types::text_3_3)?;
                }
                _ => {
                    reader.leaf(&mut slot_tax, types::int_0_99)?;
                }
            }
        }
        let slot_amount = reader.required_leaf(&object, slot_amount, "amount");
        let slot_currency = reader.required_leaf(&object, slot_currency, "currency");
        let slot_tax = reader.either_leaf(&object, slot_tax, "tax");
        Ok(Self {
            amount: slot_amount?,
            currency: slot_currency?,
            tax: slot_tax?,
        })
    }
}

/// Writes a `Price`.
pub fn write_price(
    value: &records::Price<'_>,
    out: &mut rt::Writer,
) -> Result<(), rt::Error> {
    out.after("{\"amount\":", value.amount);
    out.after(",\"currency\":", value.currency);
    if let rt::Maybe::Value(value) = value.tax.get() {
        out.after(",\"tax\":", *value);
    }
    out.raw("}");
    Ok(())
}

/// A `Product`, as it is read.
pub struct Product<'a> {
    /// Its `id`.
    pub id: rt::Raw<'a>,
    /// Its `price`.
    pub price: records::Price<'a>,
    /// Its `parts`.
    pub parts: Vec<records::Price<'a>>,
}

impl<'a> Product<'a> {
    /// Reads one.
    pub fn read(reader: &mut rt::Reader<'a>) -> rt::Read<Self> {
        let mut slot_id = rt::Maybe::Absent;
        let mut slot_price = rt::Maybe::Absent;
        let mut slot_parts = rt::Maybe::Absent;
        let mut object = reader.object()?;
        while let Some(place) = reader.member(&mut object, &["id", "price", "parts"])? {
            match place {
                0 => {
                    reader.leaf(&mut slot_id, types::text_1_9)?;
                }
                1 => {
                    reader.field(&mut slot_price, records::Price::read)?;
                }
                _ => {
                    reader
                        .field(
                            &mut slot_parts,
                            |reader| reader.list(&types::LIST_0_9, records::Price::read),
                        )?;
                }
            }
        }
        let slot_id = reader.required_leaf(&object, slot_id, "id");
        let slot_price = reader.required(&object, slot_price, "price");
        let slot_parts = reader.required(&object, slot_parts, "parts");
        Ok(Self {
            id: slot_id?,
            price: slot_price?,
            parts: slot_parts?,
        })
    }
}

/// Writes a `Product`.
pub fn write_product(
    value: &records::Product<'_>,
    out: &mut rt::Writer,
) -> Result<(), rt::Error> {
    out.after("{\"id\":", value.id);
    out.raw(",\"price\":");
    records::write_price(&value.price, out)?;
    out.raw(",\"parts\":[");
    for element in value.parts.iter() {
        out.comma();
        records::write_price(element, out)?;
    }
    out.raw("]}");
    Ok(())
}
