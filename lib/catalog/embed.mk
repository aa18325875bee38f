# The word lists of the mention finder, inside every program that has it.
EMBEDDED_CATALOG := $(BUILD)/lib/catalog/words.o
$(BUILD)/lib/catalog/words.o: lib/catalog/words.S $(sort $(wildcard lib/catalog/words/*.txt))
	@mkdir -p $(@D)
	$(call say,embed,$<)
	$(Q)$(CXX) -c -o $@ $<
