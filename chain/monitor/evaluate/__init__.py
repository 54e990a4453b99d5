"""From a Board to words: states, flags, rules and the report in which every voice finds them."""
