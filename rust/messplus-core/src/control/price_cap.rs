//! The price of satisfaction: what one more satisfied request may cost.

/// Let it be `max_price` at most, lowering the weight of satisfaction where `cost`, the weight of a unit
/// of money, makes it more; whether it was lowered. Where costs weigh nothing there is no price.
pub(crate) fn cap_price(satisfaction: &mut f64, cost: f64, max_price: f64) -> bool {
    let mut most = max_price * cost;
    // Rounded up: by a lot where the product is near the least positive number.
    if most / cost > max_price {
        most = most.next_down();
    }
    let binds = cost > 0.0 && *satisfaction > most;
    if binds {
        *satisfaction = most;
    }
    binds
}

#[cfg(test)]
mod tests {
    use super::cap_price;

    #[test]
    fn a_price_is_the_ratio_of_the_weights() {
        let mut satisfaction = 6.0;
        assert!(!cap_price(&mut satisfaction, 2.0, 3.0));
        assert!(!cap_price(&mut satisfaction, 0.0, 0.0));
        assert!(!cap_price(&mut satisfaction, 2.0, f64::INFINITY));
        let least = f64::from_bits(1);
        let mut tiny = 1.0;
        assert!(cap_price(&mut tiny, least, 1.5));
        assert!(tiny / least <= 1.5);
        assert_eq!(satisfaction, 6.0);
        assert!(cap_price(&mut satisfaction, 2.0, 1.5));
        assert_eq!(satisfaction, 3.0);
    }
}
