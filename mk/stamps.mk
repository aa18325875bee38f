# Stamps: what a target depends on that is not a file (flags, an installed compiler, the value of IMDB=) is written to a
# file that changes only when its text does.
#
#   target: $(call stamp,FILE,TEXT)
#
# A stamp is compared when make reads the rules and written by a recipe, so `make -n` shows what a change would rebuild
# and leaves no trace.
STAMPS :=
stamp = $(if $(filter $(1),$(STAMPS)),,$(eval STAMPS += $(1))$(eval STAMP_$(1) := $$(2))$(eval $(stamp_rule)))$(1)
same_text = $(and $(findstring <$(1)>,<$(2)>),$(findstring <$(2)>,<$(1)>))
# GNU make 4.3 does not always take off the newline at the end of a file that it reads.
define newline


endef
stored = $(subst $(newline),,$(file <$(1)))
define stamp_rule
$(1): $(if $(call same_text,$(STAMP_$(1)),$(call stored,$(1))),,FORCE)
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(subst ','\'',$$(STAMP_$$@))' > $$@
endef
.PHONY: FORCE
FORCE:
