extension BrokenFile {
  /// What a catalog refuses.
  static let catalogs: [BrokenFile] = [
    BrokenFile(
      "an empty catalog", after: .nothing,
      """
      # nothing
      """,
      says: """
        catalog: demo.yaml: the catalog is empty; name at least one meter under 'meters'
        """),
    BrokenFile(
      "a catalog that is a list", after: .nothing,
      """
      - name: calls
      """,
      says: """
        catalog: demo.yaml:1:1: the catalog is a list, not a mapping; begin it with 'meters:'
        """),
    BrokenFile(
      "a misspelt section", after: .nothing,
      """
      metres: []
      """,
      says: """
        catalog: demo.yaml:1:1: 'metres' is not a part of a catalog; did you mean 'meters'?
        """),
    BrokenFile(
      "a section like no other", after: .nothing,
      """
      invoices: []
      """,
      says: """
        catalog: demo.yaml:1:1: 'invoices' is not a part of a catalog; a catalog has meters, plans, addons, \
        tenants, subscriptions or grants
        """),
    BrokenFile(
      "grants", after: .nothing,
      """
      meters: []
      grants: []
      """,
      says: """
        catalog: demo.yaml:2:1: 'grants' is not in this build yet; remove the section
        """),
    BrokenFile(
      "meters that are a mapping", after: .nothing,
      """
      meters: { name: calls }
      """,
      says: """
        catalog: demo.yaml:1:9: 'meters' is a mapping, not a list; write each entry as '- { … }'
        """),
    BrokenFile(
      "a meter that is a word", after: .nothing,
      """
      meters: [calls]
      """,
      says: """
        catalog: demo.yaml:1:10: a meter is a single value, not a mapping; write '{ name: …, event: …, aggregate: … }'
        """),
    BrokenFile(
      "a misspelt field", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, agregate: count }
      """,
      says: """
        catalog: demo.yaml:2:37: 'agregate' is not a field of a meter; did you mean 'aggregate'?
        """),
    BrokenFile(
      "a field like no other", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, price: 1 }
      """,
      says: """
        catalog: demo.yaml:2:55: 'price' is not a field of a meter; a meter has name, event, aggregate, value, \
        scale, dimensions, unit or hold
        """),
    BrokenFile(
      "a meter without a name", after: .nothing,
      """
      meters:
        - { event: api.call, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:5: the meter has no 'name'; add it
        """),
    BrokenFile(
      "a meter without an event", after: .nothing,
      """
      meters:
        - { name: calls, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:5: the meter 'calls' has no 'event'; add it
        """),
    BrokenFile(
      "a meter without an aggregate", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, unit: call }
      """,
      says: """
        catalog: demo.yaml:2:5: the meter 'calls' has no 'aggregate'; add it
        """),
    BrokenFile(
      "a name with a blank", after: .nothing,
      """
      meters:
        - { name: api calls, event: api.call, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:13: 'name' is not a meter's name ('api calls'; 1 to 64 letters, digits, '.', '_' or \
        '-'); choose another
        """),
    BrokenFile(
      "a name too long", after: .nothing,
      """
      meters:
        - { name: nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn, event: api.call, aggregate: \
      count }
      """,
      says: """
        catalog: demo.yaml:2:13: 'name' is not a meter's name \
        ('nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…'; 1 to 64 letters, digits, '.', '_' or \
        '-'); choose another
        """),
    BrokenFile(
      "an empty name", after: .nothing,
      """
      meters:
        - { name: '', event: api.call, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:13: 'name' is not a meter's name (''; 1 to 64 letters, digits, '.', '_' or '-'); \
        choose another
        """),
    BrokenFile(
      "an event too long", after: .nothing,
      """
      meters:
        - { name: calls, event: \
      eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\
      eeeeeeeeeeeeeeeeeeee, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:27: 'event' has a wrong value \
        ('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee…'; 1 to 128 bytes without control \
        characters); correct it
        """),
    BrokenFile(
      "an event with a control character", after: .nothing,
      """
      meters:
        - { name: calls, event: "api\\tcall", aggregate: count }
      """,
      says: """
        catalog: demo.yaml:2:27: 'event' has a wrong value ('api\\tcall'; 1 to 128 bytes without control \
        characters); correct it
        """),
    BrokenFile(
      "an unknown aggregate", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: summ }
      """,
      says: """
        catalog: demo.yaml:2:48: 'aggregate' has a wrong value ('summ'; it takes count, sum, max, min, latest, \
        unique or time_weighted); did you mean 'sum'?
        """),
    BrokenFile(
      "an aggregate like no other", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: median }
      """,
      says: """
        catalog: demo.yaml:2:48: 'aggregate' has a wrong value ('median'; it takes count, sum, max, min, latest, \
        unique or time_weighted); choose one of them
        """),
    BrokenFile(
      "a sum without a value", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum }
      """,
      says: """
        catalog: demo.yaml:2:5: the meter 'calls' has no 'value' (sum measures one); name the path of a number \
        below 'data'
        """),
    BrokenFile(
      "a count with a value", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, value: amount }
      """,
      says: """
        catalog: demo.yaml:2:62: the meter 'calls' has a 'value' (count measures none); remove it or use sum
        """),
    BrokenFile(
      "a value with an empty name in its path", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum, value: usage..tokens }
      """,
      says: """
        catalog: demo.yaml:2:60: 'value' is not a path ('usage..tokens'; names joined by '.', up to 256 bytes); \
        write it like usage.tokens
        """),
    BrokenFile(
      "a value that is a list", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum, value: [tokens] }
      """,
      says: """
        catalog: demo.yaml:2:60: 'value' takes a dotted path, not a list; write one
        """),
    BrokenFile(
      "a scale too large", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum, value: n, scale: 13 }
      """,
      says: """
        catalog: demo.yaml:2:70: 'scale' has a wrong value ('13'; an integer from 0 to 12); correct it
        """),
    BrokenFile(
      "a scale in quotes", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum, value: n, scale: "4" }
      """,
      says: """
        catalog: demo.yaml:2:70: 'scale' has a wrong value ('4'; an integer from 0 to 12); correct it
        """),
    BrokenFile(
      "a negative scale", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: sum, value: n, scale: -1 }
      """,
      says: """
        catalog: demo.yaml:2:70: 'scale' has a wrong value ('-1'; an integer from 0 to 12); correct it
        """),
    BrokenFile(
      "dimensions that are a word", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, dimensions: region }
      """,
      says: """
        catalog: demo.yaml:2:67: 'dimensions' is a single value, not a list; write it in brackets: [a, b]
        """),
    BrokenFile(
      "a dimension twice", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, dimensions: [region, model, region] }
      """,
      says: """
        catalog: demo.yaml:2:83: 'dimensions' names 'region' twice; keep one of them
        """),
    BrokenFile(
      "a dimension without a name", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, dimensions: [region, ''] }
      """,
      says: """
        catalog: demo.yaml:2:76: 'dimensions' is not a path (''; names joined by '.', up to 256 bytes); write it \
        like usage.tokens
        """),
    BrokenFile(
      "too many dimensions", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, dimensions: [d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, \
      d10, d11, d12, d13, d14, d15, d16] }
      """,
      says: """
        catalog: demo.yaml:2:67: 'dimensions' has too many entries (17; at most 16); name fewer
        """),
    BrokenFile(
      "an empty unit", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, unit: '' }
      """,
      says: """
        catalog: demo.yaml:2:61: 'unit' has a wrong value (''; 1 to 64 bytes without control characters); correct it
        """),
    BrokenFile(
      "a hold of a count", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, hold: 1h }
      """,
      says: """
        catalog: demo.yaml:2:61: the meter 'calls' has a 'hold' (only time_weighted holds a level); remove it
        """),
    BrokenFile(
      "a hold without a unit", after: .nothing,
      """
      meters:
        - { name: calls, event: api.call, aggregate: count, hold: 60 }
      """,
      says: """
        catalog: demo.yaml:2:61: 'hold' has a wrong value ('60'; a duration from 1s to 400d); write it like 10m or 24h
        """),
    BrokenFile(
      "a meter twice", after: .nothing,
      """
      meters:
        - { name: calls, event: a, aggregate: count }
        - { name: calls, event: b, aggregate: count }
      """,
      says: """
        catalog: demo.yaml:3:13: the meter 'calls' is defined twice (first in line 2); keep one of them
        """),
    BrokenFile(
      "the same field twice", after: .nothing,
      """
      meters:
        - { name: calls, name: calls }
      """,
      says: """
        catalog: demo.yaml:2:20: the key 'name' comes twice (first in line 2); keep one of them
        """),
    BrokenFile(
      "an anchor", after: .nothing,
      """
      meters:
        - &m { name: calls, event: a, aggregate: count }
        - *m
      """,
      says: """
        catalog: demo.yaml:2:5: YAML anchors are not taken; remove the '&' name and write values out
        """),
    BrokenFile(
      "a control character", after: .nothing,
      """
      meters:
        - { name: "a\u{1}" }
      """,
      says: """
        catalog: demo.yaml:2:15: this is not sound YAML (control characters are not allowed); correct the line
        """),
  ]
}
