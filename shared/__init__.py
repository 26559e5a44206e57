"""What coordinator and scanner agree on: messages, their form on the wire, limits, close codes and errors."""
