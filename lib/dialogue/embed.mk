# The phrase files, one after another, inside every program that words something.
PHRASES := $(sort $(wildcard lib/dialogue/phrases/*.txt))
EMBEDDED := $(BUILD)/lib/dialogue/phrases.o
$(BUILD)/lib/dialogue/phrases.o: lib/dialogue/phrases.S $(PHRASES)
	@mkdir -p $(@D)
	@cat $(PHRASES) > $(@:.o=.txt)
	$(call say,embed,$<)
	$(Q)$(CXX) -DPHRASES='"$(@:.o=.txt)"' -c -o $@ $<
